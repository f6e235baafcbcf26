"""What labeling says of the classifier, which it may not import."""

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from classifier import PRESETS, TrainingConfig, experiments
from classifier.core.bands import BANDS
from classifier.nets import backbones
from labeling.api.runs import BACKBONES, STARCNET_PX, RunConfigIn
from labeling.models import Preset
from labeling.rules.experiments import FEWEST_LABELS, Kind, number_of_arms
from tests.classifier.evaluation.test_metrics import manifest_of


def test_the_presets_are_those_of_the_classifier():
    assert set(Preset.values) == set(PRESETS)


def test_every_setting_that_the_api_takes_is_one_of_the_classifier():
    settings = {field.name for field in dataclasses.fields(TrainingConfig)}
    assert set(RunConfigIn().fields) <= settings - {"preset"}


@pytest.mark.parametrize("end", ["min_value", "max_value"])
def test_the_api_takes_no_value_that_the_classifier_refuses(end):
    numbers = {name: field for name, field in RunConfigIn().fields.items() if name != "backbone"}
    for name, field in numbers.items():
        value = getattr(field, end)
        config = TrainingConfig.from_dict("quick", {name: value})
        assert getattr(config, name) == value


def test_the_backbones_are_those_of_the_classifier_but_the_one_with_a_preset_of_its_own():
    assert {*BACKBONES, PRESETS["starcnet"].backbone} == set(backbones.BACKBONES)


def test_starcnet_reads_what_the_api_says():
    assert PRESETS["starcnet"].input_px == STARCNET_PX


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_preset_takes_every_backbone_of_the_api(preset, backbone):
    assert TrainingConfig.from_dict(preset, {"backbone": backbone}).backbone == backbone


@pytest.mark.parametrize("preset", Preset)
def test_a_preset_trains_so_many_networks(preset):
    assert preset.members == PRESETS[preset].members


def test_the_kinds_of_experiments_are_those_of_the_classifier():
    assert set(Kind.values) == {*experiments.KINDS, experiments.SOURCES}
    assert FEWEST_LABELS == experiments.FEWEST_LABELS


@pytest.mark.parametrize("kind", experiments.KINDS)
@pytest.mark.parametrize("count", [FEWEST_LABELS + 1, 2 * FEWEST_LABELS, 9 * FEWEST_LABELS])
def test_an_experiment_has_as_many_arms_as_it_was_said_to_cost(kind, count):
    manifest = manifest_of([1, 2] * count, split="train")
    manifest = replace(manifest, field=np.array(["a", "b"] * count))
    found = list(experiments.KINDS[kind](PRESETS["quick"], manifest))
    assert len(found) == number_of_arms(kind, fields=2, labels=2 * count, sources=1)


def test_the_bands_come_in_the_same_order():
    assert TrainingConfig().bands == BANDS
