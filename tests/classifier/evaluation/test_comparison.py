"""Two runs on the same candidates, against published intervals and exact tests."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap
from statsmodels.stats.contingency_tables import mcnemar

from classifier.evaluation.comparison import Paired, compare, newcombe
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_of


def paired(both, only_first, only_second, neither):
    counts = (both, only_first, only_second, neither)
    first = np.repeat([True, True, False, False], counts)
    return Paired.measure(first, np.repeat([True, False, True, False], counts))


@pytest.mark.parametrize(
    ("table", "limits", "last_place"),
    [
        # Cavo et al. 2012, in Fagerland, Lydersen and Laake 2017, chapter 8.
        ((59, 6, 16, 80), (-0.1186, -0.0046), 1e-4),
        # Altman et al. 2000, table 6.2, worked on page 52.
        ((14, 5, 0, 22), (0.011, 0.226), 1e-3),
    ],
)
def test_the_interval_is_newcombes(table, limits, last_place):
    assert newcombe(*table) == pytest.approx(limits, abs=last_place / 2)


def test_the_interval_turns_round_with_the_runs():
    low, high = newcombe(40, 12, 5, 30)
    assert newcombe(40, 5, 12, 30) == pytest.approx((-high, -low))


def test_the_interval_agrees_with_a_bootstrap_of_many_candidates():
    found = paired(500, 120, 80, 300)
    gain = np.repeat([1, -1, 0], [120, 80, 800])
    limits = bootstrap((gain,), np.mean, n_resamples=2000, method="basic", rng=0)
    assert (found.low, found.high) == pytest.approx(limits.confidence_interval, abs=0.004)


def test_the_interval_has_a_width_where_the_runs_never_differ():
    found = paired(20, 0, 0, 5)
    assert found.low < found.difference == 0 < found.high


@pytest.mark.parametrize("discordant", [(1, 7), (0, 5), (30, 12), (6, 6), (400, 300)])
def test_the_p_value_is_that_of_a_fair_coin(discordant):
    found = paired(10, *discordant, 4)
    assert found.p_value == pytest.approx(binomtest(discordant[0], sum(discordant)).pvalue)
    table = [[10, discordant[0]], [discordant[1], 4]]
    assert found.p_value == mcnemar(table, exact=True).pvalue


def test_five_of_five_by_hand():
    # Two sides of 1/2^5.
    assert paired(3, 5, 0, 3).p_value == pytest.approx(1 / 16)
    assert paired(3, 0, 0, 3).p_value == 1


def test_it_counts_who_is_right_where():
    truth = [1, 2, 3, 4, 4]
    found = compare(
        predictions_of([1, 2, 4, 4, 1]), predictions_of([1, 1, 3, 4, 1]), manifest_of(truth)
    )
    overall = found.overall
    counts = (overall.both, overall.only_first, overall.only_second, overall.neither)
    assert counts == (2, 1, 1, 1)
    assert (overall.first.value, overall.second.value) == (0.6, 0.6)
    assert (found.count, found.left_out) == (5, 0)


def test_it_compares_each_class_and_two():
    found = compare(
        predictions_of([1, 2, 4, 4]), predictions_of([1, 1, 3, 1]), manifest_of([1, 2, 3, 4])
    )
    differences = {label: one.difference for label, one in found.classes.items()}
    assert differences == {"1": 0, "2": 1, "3": -1, "4": 1}
    # Of clusters or not only the last differs.
    assert (found.binary.both, found.binary.only_first, found.binary.only_second) == (3, 1, 0)


def test_only_candidates_that_both_could_measure_count():
    first, second = predictions_of([1, 2, 3, 4]), predictions_of([1, 2, 3, 4])
    # Another order, without candidate 3, and two bands missing of candidate 0.
    second = replace(
        second,
        candidate=second.candidate[[2, 1, 0]],
        member_probability=second.member_probability[:, [2, 1, 0]],
        missing_bands=np.array([0, 0, 2]),
    )
    found = compare(first, second, manifest_of([1, 2, 4, 4]))
    assert (found.count, found.left_out) == (2, 2)
    assert (found.overall.both, found.overall.neither) == (1, 1)
    assert compare(second, first, manifest_of([1, 2, 4, 4])).overall == found.overall


def test_only_the_split_counts():
    manifest = manifest_of([1, 2, 3, 0])
    manifest.split[0] = "train"
    found = compare(predictions_of([1] * 4), predictions_of([2] * 4), manifest)
    assert (found.count, found.left_out) == (2, 0)


def test_other_classes_have_no_two_class_figures():
    found = compare(
        predictions_of([1, 3], classes=3), predictions_of([1, 2], classes=3), manifest_of([1, 3])
    )
    assert found.binary is None
    assert list(found.classes) == ["1", "2", "3"]


def test_runs_of_different_classes_are_not_compared():
    with pytest.raises(ValueError, match="tells 4 classes apart and the second 3"):
        compare(predictions_of([1]), predictions_of([1], classes=3), manifest_of([1]))


@pytest.mark.parametrize("labels", [[0, 0], [1, 3]])
def test_all_of_it_is_json(labels):
    found = compare(predictions_of([1, 2]), predictions_of([2, 2]), manifest_of(labels))
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["split"] == "control"
