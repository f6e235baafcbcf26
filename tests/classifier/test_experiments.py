"""classifier.experiments: the arms of each kind, resuming, and the report."""

from dataclasses import replace

import numpy as np
import pytest

from classifier import PRESETS, Manifest, NotTrainable, evaluate, experiments, predict
from classifier.core import experiment_kinds
from classifier.core.experiment_kinds import FEWEST_LABELS, ExperimentKind, number_of_arms
from classifier.core.statistics import Proportion
from classifier.evaluation.figures.reports import draw_experiment
from classifier.experiments import (
    KINDS,
    AccuracyBySource,
    Arm,
    Outcome,
    accuracy_by_source,
    arm_differences,
    build_report,
    check_arms,
    folder_names,
    run_arms,
    source_arms,
)
from tests.classifier.conftest import stamps_of, write_manifest, write_pack
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_of


@pytest.fixture
def two_fields(tmp_path):
    """Sixteen labelled candidates of two fields by turns, every fifth in the control sample."""
    labels = [1, 2, 3, 4] * 4
    write_pack(tmp_path / "p.zarr", stamps_of(labels))
    rows = [
        (i, f"field{i % 2}", i, "p.zarr", i, "control" if i % 5 == 4 else "train", label)
        for i, label in enumerate(labels)
    ]
    return Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)


def arms(kind, config, manifest):
    return list(KINDS[kind](config, manifest))


def test_crop_sizes_are_those_of_the_paper(tiny, manifest):
    result = arms("crop-size", tiny, manifest)
    assert [arm.config.stamp_px for arm in result] == [25, 50, 100, 50]
    assert result[-1].config.crop_px == (25, 100)
    assert set(arm_differences(result)) == {"stamp_px", "crop_px"}


def test_each_filter_is_zeroed_in_the_network_of_all_and_left_out_of_others(tiny, manifest):
    result = arms("filters", tiny, manifest)
    zeroed, retrained = result[1:6], result[6:]
    assert [arm.name for arm in result[:1]] == ["all"]
    assert [arm.name for arm in zeroed] == [f"zeroed-{band}" for band in tiny.bands]
    assert [arm.zeroed for arm in zeroed] == [(band,) for band in tiny.bands]
    assert {arm.trained_in for arm in zeroed} == {"all"}
    assert {arm.config for arm in zeroed} == {tiny}
    assert [arm.name for arm in retrained] == [f"without-{band}" for band in tiny.bands]
    assert [arm.config.blanked for arm in retrained] == [(band,) for band in tiny.bands]
    assert [arm.trained_in for arm in retrained] == [arm.name for arm in retrained]
    assert set(arm_differences(result)) == {"blanked", "zeroed_in_prediction"}


def test_a_zeroed_filter_changes_the_answers_of_the_same_networks(tiny, manifest, tmp_path):
    config = replace(tiny, members=1, batches=1)
    whole, zeroed = arms("filters", config, manifest)[:2]
    outcomes = run_arms([whole, zeroed], tmp_path)
    assert not list((tmp_path / zeroed.name).glob("member*"))
    first, second = (outcome.predictions for outcome in outcomes)
    np.testing.assert_array_equal(first.candidate, second.candidate)
    assert np.abs(first.probability - second.probability).max() > 1e-6
    stamps = predict(tmp_path / "all", manifest, zeroed=("NUV",))
    np.testing.assert_array_equal(stamps.probability, second.probability)
    rows = build_report("filters", outcomes)["arms"]
    assert [row["networks_of"] for row in rows] == ["", "all"]
    assert [row["seconds"] > 0 for row in rows] == [True, False]


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", "a b"])
def test_an_arm_has_a_name_that_a_folder_can_have(tiny, manifest, name):
    with pytest.raises(ValueError, match="letters, digits, - and _ only"):
        Arm(name, tiny, manifest)


def test_a_field_that_is_left_out_is_evaluated_on_its_control_sample(tiny, two_fields):
    result = arms("fields", tiny, two_fields)
    assert [arm.name for arm in result] == ["without-field0", "without-field1"]
    for arm, away in zip(result, ["field0", "field1"], strict=True):
        learnt, judged = (arm.manifest.labelled(split) for split in ("train", "control"))
        assert set(arm.manifest.field[learnt]) == {"field0", "field1"} - {away}
        assert set(arm.manifest.field[judged]) == {away}
        # The pool was chosen by networks, and the other control sample measures nothing here.
        assert set(two_fields.split[judged]) == {"control"}
        assert set(two_fields.split[learnt]) == {"train"}


def test_a_field_without_a_label_is_not_left_out(tiny, two_fields):
    label = np.where(two_fields.field == "field0", 0, two_fields.label)
    result = arms("fields", tiny, two_fields.changed(label=label))
    assert [arm.name for arm in result] == ["without-field1"]


def test_fields_and_bands_with_similar_names_have_different_folders(tiny, two_fields):
    names = np.where(two_fields.field == "field0", "NGC 1566", "NGC-1566")
    result = arms("fields", tiny, replace(two_fields, field=names))
    assert [arm.name for arm in result] == ["without-NGC-1566-2", "without-NGC-1566"]
    bands = arms("filters", replace(tiny, bands=("F275W (NUV)", "V")), two_fields)
    names = ["F275W-NUV", "V"]
    assert [arm.name for arm in bands] == [
        "all", *(f"zeroed-{name}" for name in names), *(f"without-{name}" for name in names)
    ]  # fmt: skip


def test_folder_names_are_all_different():
    texts = ["a b", "a/b", "a-b-2", "a-b", "巡天", ""]
    assert folder_names(texts) == {
        "a-b": "a-b",
        "a-b-2": "a-b-2",
        "": "unnamed",
        "a b": "a-b-3",
        "a/b": "a-b-4",
        "巡天": "unnamed-2",
    }


def test_all_arms_are_checked_before_the_first_is_trained(tiny, manifest):
    one_class = manifest.changed(label=np.minimum(manifest.label, 1))
    with pytest.raises(NotTrainable, match=r"The arm b cannot be trained\. .*only class 1"):
        check_arms([Arm("a", tiny, manifest), Arm("b", tiny, one_class)])
    with pytest.raises(NotTrainable, match=r"The arm a cannot be trained\. soft_labels needs"):
        check_arms([Arm("a", replace(tiny, soft_labels=True), manifest)])
    with pytest.raises(ValueError, match="Two arms are called 'a'"):
        check_arms([Arm("a", tiny, manifest), Arm("a", tiny, one_class)])


def test_a_learning_curve_grows_by_doubling(tiny, manifest, monkeypatch):
    monkeypatch.setattr(experiment_kinds, "FEWEST_LABELS", 8)
    result = arms("labels", tiny, manifest)
    assert [arm.name for arm in result] == ["8-labels", "16-labels", "32-labels"]
    sets = [set(arm.manifest.labelled("train").tolist()) for arm in result]
    assert [len(labels) for labels in sets] == [8, 16, 32]
    assert sets[0] < sets[1] < sets[2]
    assert len({arm.manifest.sha256 for arm in result}) == 3
    assert all(len(arm.manifest.labelled("control")) == 16 for arm in result)


def test_architectures_differ_in_the_backbone_and_the_settings_of_starcnet(tiny, manifest):
    result = arms("architecture", replace(tiny, learning_rate=1e-3), manifest)
    assert [arm.config.backbone for arm in result] == [
        "resnet18", "vgg19_bn", "efficientnet_lite0", "starcnet",
    ]  # fmt: skip
    assert result[-1].config.input_px == 32
    assert [arm.config.learning_rate for arm in result] == [1e-3, 1e-3, 1e-3, 1e-4]


@pytest.mark.parametrize("kind", experiments.KINDS)
@pytest.mark.parametrize("count", [FEWEST_LABELS + 1, 2 * FEWEST_LABELS, 9 * FEWEST_LABELS])
def test_an_experiment_has_the_number_of_arms_that_is_announced(kind, count):
    manifest = manifest_of([1, 2] * (count + 1), split="train")
    split = np.array(["train"] * 2 * count + ["control"] * 2)
    manifest = replace(manifest, field=np.array(["a", "b"] * (count + 1)), split=split)
    announced = number_of_arms(kind, fields=2, labels=2 * count, sources=1)
    folders = {arm.trained_in for arm in experiments.KINDS[kind](PRESETS["quick"], manifest)}
    assert len(folders) == announced


def test_every_kind_of_experiment_has_arms():
    assert {*experiments.KINDS, ExperimentKind.SOURCES} == set(ExperimentKind)


@pytest.fixture
def pair(tiny, manifest):
    """Two arms that differ by their crop."""
    config = replace(tiny, members=1, batches=1)
    return [
        Arm("wide", config, manifest),
        Arm("narrow", replace(config, stamp_px=20), manifest),
    ]


def test_a_report_lists_the_settings_that_differ(pair, tmp_path):
    report = build_report("crop-size", run_arms(pair, tmp_path))
    assert report["differs"] == {"stamp_px": [32, 20]}
    assert report["same"]["batches"] == 1
    assert [row["name"] for row in report["arms"]] == ["wide", "narrow"]
    assert [row["evaluation"]["count"] for row in report["arms"]] == [16, 16]
    assert report["judged_by_each"] is report["arms"][0]["against_first"] is None
    assert report["arms"][1]["against_first"]["count"] == 16


def test_a_report_has_the_share_of_the_input_beyond_the_stamps(pair, tmp_path):
    wide = replace(pair[0], config=replace(pair[0].config, stamp_px=100))
    report = build_report("crop-size", run_arms([wide, pair[1]], tmp_path))
    assert report["arms"][0]["empty_share"] == pytest.approx(0.117, abs=0.001)
    assert report["arms"][1]["empty_share"] == 0


def test_a_report_lists_initial_weights_that_differ(pair, tmp_path):
    first, second = run_arms(pair, tmp_path)
    pretrained = replace(first, training=replace(first.training, weights="imagenet"))
    report = build_report("crop-size", [pretrained, second])
    assert report["differs"] == {"stamp_px": [32, 20], "weights": ["imagenet", "random"]}


def test_arms_without_an_evaluation_are_not_drawn(pair, tmp_path):
    outcomes = run_arms(pair, tmp_path)
    nothing = replace(outcomes[1].evaluation, count=0)
    outcomes[1] = replace(outcomes[1], evaluation=nothing)
    drawn = draw_experiment(tmp_path / "figures", "labels", outcomes)
    assert drawn == ["arms", "arms-members", "learning"]
    rows = (tmp_path / "figures" / "arms.csv").read_text()
    assert "wide" in rows
    assert "narrow" not in rows
    assert draw_experiment(tmp_path / "figures", "labels", outcomes[1:]) == []


def test_an_experiment_resumes(pair, tmp_path, monkeypatch):
    run_arms(pair[:1], tmp_path)
    weights = tmp_path / "wide" / "member-00.safetensors"
    written_at = weights.stat().st_mtime_ns
    predicted = []
    real = experiments.predict
    monkeypatch.setattr(
        experiments,
        "predict",
        lambda folder, *rest, **more: predicted.append(folder.name) or real(folder, *rest, **more),
    )
    outcomes = run_arms(pair, tmp_path)
    assert weights.stat().st_mtime_ns == written_at
    assert predicted == ["narrow"]
    np.testing.assert_array_equal(outcomes[0].predictions.candidate, pair[0].manifest.candidate)


def test_arms_of_label_sources_differ_in_the_training_set_only(tiny, manifest):
    relabelled = manifest.changed(label=np.where(manifest.label == 2, 1, manifest.label))
    result = list(source_arms(tiny, {"ada": manifest, "consensus": relabelled}))
    assert [arm.name for arm in result] == ["ada", "consensus"]
    assert set(arm_differences(result)) == {"training_set_sha256"}
    # Arms with different control labels have no common truth to compare them by.
    assert not experiments._same_control_labels(manifest, relabelled)
    alike = np.where((manifest.label == 2) & (manifest.split == "train"), 1, manifest.label)
    assert experiments._same_control_labels(manifest, manifest.changed(label=alike))


def outcome(name, config, labels, answers):
    manifest = manifest_of(labels)
    predictions = predictions_of(answers)
    return Outcome(Arm(name, config, manifest), None, predictions, evaluate(predictions, manifest))


def test_each_source_is_evaluated_by_the_labels_of_each(tiny):
    # Ada has not labelled the last candidate; two labels differ. Each arm repeats its labels.
    ada, bea = [1, 2, 3, 4, 4, 0], [1, 2, 3, 1, 1, 2]
    outcomes = [
        outcome("ada", tiny, ada, [1, 2, 3, 4, 4, 1]),
        outcome("bea", tiny, bea, [1, 2, 3, 1, 1, 1]),
    ]
    result = accuracy_by_source(outcomes)
    assert result.count == 5
    assert result.accuracy == [
        [Proportion.measure(5, 5), Proportion.measure(3, 5)],
        [Proportion.measure(3, 5), Proportion.measure(5, 5)],
    ]


def test_sources_without_a_common_candidate_have_no_accuracy(tiny):
    outcomes = [outcome("ada", tiny, [1, 0], [1, 1]), outcome("bea", tiny, [0, 1], [1, 1])]
    assert accuracy_by_source(outcomes) == AccuracyBySource(0, [[Proportion.measure(0, 0)] * 2] * 2)


def test_arms_are_compared_on_candidates_evaluated_in_both(tiny, tmp_path):
    stamps = stamps_of([1, 2, 3, 4])
    stamps[3, 0] = np.nan
    write_pack(tmp_path / "p.zarr", stamps)
    splits = ("train", "train", "control", "control")
    rows = [(i, "f", i, "p.zarr", i, split, i % 2 + 1) for i, split in enumerate(splits)]
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    config = replace(tiny, members=1, batches=1, batch_size=2)
    strict = replace(config, max_missing_bands=0)
    outcomes = run_arms([Arm("a", config, manifest), Arm("b", strict, manifest)], tmp_path)
    assert [outcome.evaluation.count for outcome in outcomes] == [2, 1]
    assert build_report("filters", outcomes)["arms"][1]["against_first"]["count"] == 1
