"""classifier.evaluation.metrics: on predictions whose accuracy is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from classifier import Manifest, Predictions, evaluate
from classifier.core.statistics import Proportion
from classifier.evaluation.metrics import confusion, entropy_figures, risk_coverage


def manifest_of(labels, split="control"):
    count = len(labels)
    text = np.full(count, "")
    return Manifest(
        packs=Path(),
        sha256="",
        candidate=np.arange(count),
        field=text,
        catalogue_id=text,
        pack=text,
        row=np.arange(count),
        split=np.full(count, split),
        label=np.array(labels, dtype=np.int64),
        votes=np.zeros((count, 0), dtype=np.int64),
    )


def predictions_of(*members, classes=4):
    """Predictions of members with a probability of 0.7 for these classes."""
    probability = np.full((len(members), len(members[0]), classes), 0.3 / (classes - 1))
    for member, answers in enumerate(members):
        probability[member, np.arange(len(answers)), np.array(answers) - 1] = 0.7
    return predictions_with(probability)


def predictions_with(probability):
    """Predictions with these probabilities (members, candidates, classes)."""
    count = probability.shape[1]
    return Predictions(
        candidate=np.arange(count),
        member_probability=probability,
        missing_bands=np.zeros(count, dtype=np.int64),
        unreadable=[],
    )


def test_accuracy_over_four_classes_and_over_two():
    figures = evaluate(predictions_of([1, 1, 3, 3]), manifest_of([1, 2, 3, 4]))
    assert (figures.accuracy.right, figures.accuracy.of) == (2, 4)
    assert (figures.binary_accuracy.right, figures.binary_accuracy.of) == (4, 4)
    assert figures.counts == {"1": 1, "2": 1, "3": 1, "4": 1}


def test_recall_and_precision_of_a_class():
    figures = evaluate(predictions_of([1, 1, 1, 2]), manifest_of([1, 1, 4, 1]))
    assert figures.classes["1"].recall.value == pytest.approx(2 / 3)
    assert figures.classes["1"].precision.value == pytest.approx(2 / 3)
    assert figures.classes["3"].recall.value is None


def test_recall_and_precision_of_clusters():
    # 1 and 2 are one class, so that a 2 for a 1 is right; the 4 that is called a 1 is not.
    figures = evaluate(predictions_of([1, 2, 4, 1, 4]), manifest_of([1, 1, 2, 4, 3]))
    assert figures.clusters.recall == Proportion.measure(2, 3)
    assert figures.clusters.precision == Proportion.measure(2, 3)
    assert figures.clusters.count == 3


def test_the_interval_is_wilsons():
    # Newcombe 1998, table I: 81 of 263.
    share = Proportion.measure(81, 263)
    assert (share.low, share.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_confusion_is_the_mean_and_spread_over_members():
    members = predictions_of([1, 1, 2, 2], [1, 2, 2, 2])
    table = evaluate(members, manifest_of([1, 1, 2, 2])).confusion
    assert table.percent.mean[0][:2] == [75, 25]
    # Rows of 100 % and 50 %: standard deviation 50 / sqrt(2).
    assert table.percent.std[0][0] == pytest.approx(50 / np.sqrt(2))
    assert table.percent.mean[1][:2] == [0, 100]
    assert table.percent.std[1][1] == 0
    assert table.counts.mean[0][:2] == [1.5, 0.5]


def test_rows_are_truth_and_columns_answers():
    truth, answers = np.array([1, 1, 2]), np.array([2, 2, 2])
    table = confusion(truth, answers, answers[None], ["a", "b"])
    assert table.ensemble == [[0, 2], [0, 1]]


def test_only_the_split_is_measured():
    manifest = manifest_of([1, 2, 3, 0])
    manifest.split[0] = "train"
    figures = evaluate(predictions_of([4, 2, 3, 1]), manifest)
    assert (figures.count, figures.accuracy.value) == (2, 1.0)


def test_candidates_with_two_bands_missing_are_left_out():
    predictions = predictions_of([1, 2, 3])
    predictions.missing_bands[:] = [0, 1, 2]
    figures = evaluate(predictions, manifest_of([1, 2, 4]))
    assert (figures.count, figures.left_out, figures.accuracy.value) == (2, 1, 1.0)


def test_unreadable_candidates_are_counted_apart():
    figures = evaluate(predictions_of([1, 2]), manifest_of([1, 2, 3]))
    assert (figures.count, figures.unreadable) == (2, 1)


@pytest.mark.parametrize("labels", [[0, 0], [1, 3]])
def test_all_figures_are_json(labels):
    figures = evaluate(predictions_of([1, 2]), manifest_of(labels))
    text = json.dumps(figures.to_dict(), allow_nan=False)
    assert json.loads(text)["count"] == sum(label != 0 for label in labels)


def test_the_spread_of_one_member_is_unknown():
    figures = evaluate(predictions_of([1, 2]), manifest_of([1, 2]))
    assert figures.member_accuracy_std is None
    assert figures.confusion.percent.std[0] == [None] * 4


def test_the_spread_over_members_of_two_classes():
    # Right on three and on four of four, once 1 and 2 are the same.
    figures = evaluate(predictions_of([2, 1, 1, 4], [1, 2, 3, 4]), manifest_of([1, 2, 3, 4]))
    assert figures.binary_member_accuracy_mean == 0.875
    assert figures.binary_member_accuracy_std == pytest.approx(0.25 / np.sqrt(2))


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_runs_may_have_other_classes_than_the_paper(classes):
    labels = list(range(1, classes + 1))
    figures = evaluate(predictions_of(labels, classes=classes), manifest_of(labels))
    assert figures.accuracy.value == 1
    assert list(figures.classes) == figures.confusion.classes == [str(label) for label in labels]
    assert figures.binary_accuracy is figures.binary_confusion is figures.clusters is None
    assert figures.entropy.edges[-1] == pytest.approx(np.log(classes))


def test_a_class_that_the_predictions_do_not_have_is_refused():
    with pytest.raises(ValueError, match="has class 4, but these predictions only tell classes 1 "):
        evaluate(predictions_of([1, 2], classes=2), manifest_of([1, 4]))


def test_the_table_has_the_layout_of_the_paper():
    table = evaluate(
        predictions_of([1, 1, 2, 2], [1, 2, 2, 2]), manifest_of([1, 1, 2, 4])
    ).confusion
    assert table.as_table() == [
        ["", "1", "2", "3", "4", "of"],
        ["1", "75.0 ± 35.4", "25.0 ± 35.4", "0.0 ± 0.0", "0.0 ± 0.0", "2"],
        ["2", "0.0 ± 0.0", "100.0 ± 0.0", "0.0 ± 0.0", "0.0 ± 0.0", "1"],
        ["3", "–", "–", "–", "–", "0"],
        ["4", "0.0 ± 0.0", "100.0 ± 0.0", "0.0 ± 0.0", "0.0 ± 0.0", "1"],
    ]


def test_the_table_of_one_member_has_no_spread():
    table = evaluate(predictions_of([1, 3]), manifest_of([1, 2])).binary_confusion
    assert table.as_table()[1] == ["1+2", "50.0", "50.0", "2"]


def test_entropy_of_right_and_of_wrong_answers():
    entropy = np.array([0.0, 0.1, 1.3, np.log(4) * (1 + 1e-15)])
    figures = entropy_figures(entropy, np.array([True, True, False, False]), 4)
    assert figures.right[:3] == [1, 1, 0]
    assert figures.wrong[-3:] == [0, 1, 1]
    assert (sum(figures.right), sum(figures.wrong)) == (2, 2)
    assert figures.right_median == pytest.approx(0.05)
    assert figures.wrong_median == pytest.approx((1.3 + np.log(4)) / 2)


def test_entropy_is_that_of_the_mean_of_the_members():
    # Two members that are certain, each of another class: the mean has ln 2.
    members = np.array([[[1.0, 0, 0, 0]], [[0, 1.0, 0, 0]]])
    figures = evaluate(predictions_with(members), manifest_of([2])).entropy
    assert figures.wrong_median == pytest.approx(np.log(2))
    assert figures.right_median is None


def test_accuracy_falls_with_coverage_where_entropy_orders_the_answers():
    right = np.arange(40) < 30
    curve = risk_coverage(np.linspace(0, 1, 40)[::-1], right[::-1])
    assert [point.coverage for point in curve.points] == pytest.approx(np.arange(1, 21) / 20)
    assert [point.accuracy.of for point in curve.points] == list(range(2, 41, 2))
    assert all(point.accuracy.value == 1 for point in curve.points[:15])
    assert curve.points[-1].accuracy.right == 30
    # One wrong of 31, two of 32 … ten of 40.
    assert curve.area == pytest.approx(sum(i / (30 + i) for i in range(1, 11)) / 40)


def test_the_area_of_extremes():
    entropy = np.linspace(0, 1, 8)
    assert risk_coverage(entropy, np.ones(8, dtype=bool)).area == 0
    assert risk_coverage(entropy, np.zeros(8, dtype=bool)).area == 1
    assert risk_coverage(np.array([]), np.array([], dtype=bool)).area is None


def test_a_random_order_has_the_error_as_its_area():
    rng = np.random.default_rng(0)
    curve = risk_coverage(rng.random(4000), rng.random(4000) < 0.7)
    assert curve.area == pytest.approx(0.3, abs=0.03)


def test_few_candidates_give_few_points():
    curve = risk_coverage(np.array([0.2, 0.1, 0.3]), np.array([False, True, True]))
    assert [point.accuracy.of for point in curve.points] == [1, 2, 3]
    assert [point.accuracy.right for point in curve.points] == [1, 1, 2]
    assert [point.entropy for point in curve.points] == [0.1, 0.2, 0.3]
    assert curve.points[0].accuracy == Proportion.measure(1, 1)
