"""classifier.evaluation.comparison: two runs on the same candidates."""

import json
from dataclasses import replace

import numpy as np
import pytest

from classifier.evaluation.comparison import compare
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_of


def test_it_counts_the_candidates_by_which_run_is_right():
    truth = [1, 2, 3, 4, 4]
    comparison = compare(
        predictions_of([1, 2, 4, 4, 1]), predictions_of([1, 1, 3, 4, 1]), manifest_of(truth)
    )
    overall = comparison.overall
    counts = (overall.both, overall.only_first, overall.only_second, overall.neither)
    assert counts == (2, 1, 1, 1)
    assert (overall.first.value, overall.second.value) == (0.6, 0.6)
    assert (comparison.count, comparison.left_out) == (5, 0)


def test_it_compares_each_class_and_two():
    comparison = compare(
        predictions_of([1, 2, 4, 4]), predictions_of([1, 1, 3, 1]), manifest_of([1, 2, 3, 4])
    )
    differences = {label: paired.difference for label, paired in comparison.classes.items()}
    assert differences == {"1": 0, "2": 1, "3": -1, "4": 1}
    # Of clusters or not only the last differs.
    assert (
        comparison.binary.both,
        comparison.binary.only_first,
        comparison.binary.only_second,
    ) == (3, 1, 0)


def test_only_candidates_that_both_runs_predict_count():
    first, second = predictions_of([1, 2, 3, 4]), predictions_of([1, 2, 3, 4])
    # Another order, without candidate 3, and two bands missing of candidate 0.
    second = replace(
        second,
        candidate=second.candidate[[2, 1, 0]],
        member_probability=second.member_probability[:, [2, 1, 0]],
        missing_bands=np.array([0, 0, 2]),
    )
    comparison = compare(first, second, manifest_of([1, 2, 4, 4]))
    assert (comparison.count, comparison.left_out) == (2, 2)
    assert (comparison.overall.both, comparison.overall.neither) == (1, 1)
    assert compare(second, first, manifest_of([1, 2, 4, 4])).overall == comparison.overall


def test_only_the_split_counts():
    manifest = manifest_of([1, 2, 3, 0])
    manifest.split[0] = "train"
    comparison = compare(predictions_of([1] * 4), predictions_of([2] * 4), manifest)
    assert (comparison.count, comparison.left_out) == (2, 0)


def test_other_classes_have_no_two_class_figures():
    comparison = compare(
        predictions_of([1, 3], classes=3), predictions_of([1, 2], classes=3), manifest_of([1, 3])
    )
    assert comparison.binary is None
    assert list(comparison.classes) == ["1", "2", "3"]


def test_runs_of_different_classes_are_not_compared():
    with pytest.raises(ValueError, match="tells 4 classes apart and the second 3"):
        compare(predictions_of([1]), predictions_of([1], classes=3), manifest_of([1]))


@pytest.mark.parametrize("labels", [[0, 0], [1, 3]])
def test_the_comparison_has_json_values(labels):
    comparison = compare(predictions_of([1, 2]), predictions_of([2, 2]), manifest_of(labels))
    assert json.loads(json.dumps(comparison.to_dict(), allow_nan=False))["split"] == "control"
