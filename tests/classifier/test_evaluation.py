"""Figures of merit, checked on predictions whose answers are known."""

import json
from pathlib import Path

import numpy as np
import pytest

from classifier import Manifest, Predictions, evaluate
from classifier.evaluation import Proportion, confusion


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
    )


def predictions_of(*members):
    """Members that are quite sure of these classes."""
    probability = np.full((len(members), len(members[0]), 4), 0.1)
    for member, answers in enumerate(members):
        probability[member, np.arange(len(answers)), np.array(answers) - 1] = 0.7
    count = len(members[0])
    return Predictions(np.arange(count), probability, np.zeros(count, dtype=np.int64), [])


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


def test_candidates_with_two_bands_missing_are_counted_apart():
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
