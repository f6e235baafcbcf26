"""The paper presets are the paper's protocol, and settings are checked loudly."""

import json
from dataclasses import replace

import pytest

from classifier import PRESETS, TrainingConfig
from classifier.core.config import FREE_BACKBONES, LIMITS, Preset


@pytest.mark.parametrize(
    ("preset", "backbone", "batch_size"),
    [("paper-resnet18", "resnet18", 32), ("paper-vgg19bn", "vgg19_bn", 16)],
)
def test_a_paper_preset_has_the_settings_of_the_paper(preset, backbone, batch_size):
    assert PRESETS[preset] == TrainingConfig(
        preset=preset,
        backbone=backbone,
        bands=("NUV", "U", "B", "V", "I"),
        stamp_px=50,
        input_px=299,
        scaling="minmax",
        augment=True,
        max_missing_bands=1,
        batches=10_000,
        batch_size=batch_size,
        learning_rate=1e-4,
        schedule="constant",
        weight_decay=0.0,
        label_smoothing=0.0,
        classes=4,
        crop_px=(),
        dihedral=False,
        layer_decay=1.0,
        head_batches=0,
        average=0.0,
        soft_labels=False,
        class_weights="none",
        members=10,
        pretrained=True,
    )


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"batch": 5}, "No setting 'batch'"),
        ({"batches": 0}, "batches must be 1 to"),
        ({"batches": "many"}, "batches must be of type int, not 'many'"),
        ({"batches": True}, "batches must be of type int, not True"),
        ({"learning_rate": float("nan")}, "learning_rate must be"),
        ({"backbone": "alexnet"}, "backbone must be one of resnet18, vgg19_bn"),
        ({"backbone": "starcnet"}, "starcnet needs input_px 32 and pretrained false"),
        ({"crop_px": [25]}, "crop_px must be nothing, or two whole numbers"),
        ({"crop_px": [60, 50]}, r"crop_px must rise, within 8 to 100, not \(60, 50\)"),
        ({"classes": 1}, "classes must be 2 to 100"),
        ({"bands": ["V", "V"]}, "bands must be one to six different"),
        ({"bands": ["V"]}, "max_missing_bands must be below"),
        ({"stamp_px": 101}, "stamp_px must be 8 to 100"),
        ({"pretrained": 1}, "pretrained must be of type bool"),
    ],
)
def test_it_rejects_an_invalid_setting(overrides, words):
    with pytest.raises(ValueError, match=words):
        TrainingConfig.from_dict("quick", overrides)


def test_it_rejects_an_unknown_preset():
    with pytest.raises(ValueError, match="No preset 'fast'; there are paper-resnet18"):
        TrainingConfig.from_dict("fast", {})


def test_overrides_come_from_json():
    config = TrainingConfig.from_dict("quick", json.loads('{"learning_rate": 1, "seed": 3}'))
    assert config == replace(PRESETS["quick"], learning_rate=1.0, seed=3)


def test_settings_survive_json():
    config = replace(PRESETS["quick"], crop_px=(25, 100), layer_decay=0.8)
    settings = json.loads(json.dumps(config.to_dict()))
    assert TrainingConfig.from_json(settings) == config
    preset = settings.pop("preset")
    assert TrainingConfig.from_dict(preset, settings) == config


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("backbone", FREE_BACKBONES)
def test_every_preset_allows_every_backbone_except_starcnet(preset, backbone):
    assert TrainingConfig.from_dict(preset, {"backbone": backbone}).backbone == backbone


def test_every_preset_has_a_name_and_a_configuration_of_that_name():
    assert {name: config.preset for name, config in PRESETS.items()} == {
        preset: preset for preset in Preset
    }
    assert all(preset.text for preset in Preset)


def test_limits_are_of_numbers_in_the_configuration():
    config = TrainingConfig()
    assert all(isinstance(getattr(config, name), int | float) for name in LIMITS)
