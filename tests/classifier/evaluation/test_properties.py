"""classifier.evaluation.properties: a planted drop is seen, and none where none is planted."""

import csv
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, false_discovery_control

from classifier.core.properties import MIN_IN_BIN
from classifier.core.statistics import wilson_interval
from classifier.evaluation import figures
from classifier.evaluation.figures import reports, tables
from classifier.evaluation.properties import (
    MAX_BINS,
    accuracy_by_property,
    bin_edges,
    holm,
)

COUNT = 216
"""Control labels of NGC 1566, roughly."""


def world(seed, chance_of, count=COUNT):
    """Right answers with a chance by V magnitude, and properties that are otherwise random."""
    rng = np.random.default_rng(seed)
    v = rng.uniform(19, 24, count)
    columns = {
        "v": v,
        "v_i": rng.normal(0.5, 0.4, count),
        "ci": rng.normal(1.5, 0.2, count),
        "crowding": rng.poisson(3, count).astype(float),
        "nearest": rng.exponential(30, count),
        "field": rng.choice(["ngc1", "ngc2"], count),
    }
    return rng.random(count) < chance_of(v), columns


def by_name(right, columns):
    return {accuracy.name: accuracy for accuracy in accuracy_by_property(right, columns)}


def test_a_planted_drop_at_faint_magnitudes_is_seen():
    right, columns = world(0, lambda v: np.where(v > 23, 0.35, 0.85))
    measured = by_name(right, columns)
    assert [name for name, accuracy in measured.items() if accuracy.has_trend] == ["v"]
    first, *_, faintest = measured["v"].bins
    assert faintest.accuracy.high < first.accuracy.low
    assert (first.low, faintest.high) == (columns["v"].min(), columns["v"].max())


def test_the_drop_is_seen_nine_times_of_ten():
    seen = sum(
        by_name(*world(seed, lambda v: np.where(v > 23, 0.35, 0.85)))["v"].has_trend
        for seed in range(60)
    )
    assert seen >= 54


def test_no_trend_is_seen_where_none_is_planted_19_times_of_20():
    n = 200
    false = sum(
        any(accuracy.has_trend for accuracy in accuracy_by_property(*world(seed, lambda v: 0.7)))
        for seed in range(n)
    )
    # At most 5 %, by Holm's correction; within what 200 worlds can tell.
    assert false <= binom.ppf(0.999, n, 0.05)


def test_intervals_of_bins_hold_95_times_of_100():
    covered = [
        part.accuracy.low <= 0.7 <= part.accuracy.high
        for seed in range(40)
        for accuracy in accuracy_by_property(*world(seed, lambda v: 0.7))
        for part in accuracy.bins
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)


@given(st.lists(st.integers(0, 12).map(float), max_size=150))
def test_bins_hold_every_value_once_and_enough_of_them(values):
    values = np.array(values)
    edges = bin_edges(values)
    inside = [(values >= low) & (values <= high) for low, high in edges]
    assert sum(n.sum() for n in inside) == len(values)
    assert all((a[1] < b[0]) for a, b in pairwise(edges))
    assert len(edges) <= MAX_BINS
    assert len(edges) <= 1 or all(n.sum() >= MIN_IN_BIN for n in inside)


def test_bins_are_about_equally_full():
    values = np.random.default_rng(0).normal(size=500)
    counts = [((values >= low) & (values <= high)).sum() for low, high in bin_edges(values)]
    assert counts == [100] * 5


def test_unknown_values_are_apart():
    right = np.arange(50) % 2 == 0
    values = np.where(np.arange(50) < 7, np.nan, np.arange(50.0))
    (accuracy,) = accuracy_by_property(right, {"ci": values})
    assert (accuracy.unknown.right, accuracy.unknown.of) == (4, 7)
    assert sum(part.accuracy.of for part in accuracy.bins) == 43


def test_each_bin_has_its_share_and_wilsons_interval():
    right = np.repeat([True, False, True, True], 20)
    (accuracy,) = accuracy_by_property(right, {"v": np.repeat([20.0, 21.0, 22.0, 23.0], 20)})
    shares = [(p.low, p.high, p.accuracy.right, p.accuracy.of) for p in accuracy.bins]
    assert shares == [(20, 20, 20, 20), (21, 21, 0, 20), (22, 22, 20, 20), (23, 23, 20, 20)]
    assert accuracy.bins[1].accuracy.high == wilson_interval(0, 20)[1]


def test_fields_differ_where_they_do():
    field = np.repeat(["a", "b", "c"], [100, 100, 5])
    right = np.r_[np.arange(100) < 90, np.arange(100) < 60, np.zeros(5, bool)]
    (accuracy,) = accuracy_by_property(right, {"field": field})
    assert accuracy.has_trend
    assert [(part.name, part.accuracy.of) for part in accuracy.bins] == [
        ("a", 100), ("b", 100), ("c", 5),
    ]  # fmt: skip
    # 90 and 60 of 100 by hand: chi-square (2 x 2) 24.0, probability 9.6e-7.
    assert accuracy.p_value == pytest.approx(9.63e-7, rel=0.01)


@pytest.mark.parametrize("count", [0, 1, 39])
def test_few_candidates_and_one_kind_of_answer_test_nothing(count):
    right = np.arange(count) % 2 == 0
    (accuracy,) = accuracy_by_property(right, {"v": np.arange(float(count))})
    assert (accuracy.p_value, accuracy.has_trend) == (None, False)
    (accuracy,) = accuracy_by_property(np.ones(80, bool), {"v": np.arange(80.0)})
    assert accuracy.p_value is None


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    # It never rejects more than Benjamini and Hochberg's correction for false discoveries does.
    p_values = np.random.default_rng(0).random(20) ** 3
    assert (np.array(holm(p_values.tolist())) >= false_discovery_control(p_values) - 1e-12).all()


def test_the_figure_and_its_table(tmp_path):
    right, columns = world(0, lambda v: np.where(v > 23, 0.35, 0.85))
    measured = accuracy_by_property(right, columns)
    figure = figures.accuracy_by_property(measured)
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels[:2] == ["V (mag)", "V − I (mag)"]
    assert [axes.get_title(loc="right") for axes in figure.axes] == ["trend", "", "", "", "", ""]
    assert reports.draw_properties(tmp_path, measured) == ["properties"]
    with (tmp_path / "properties.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(accuracy.bins) for accuracy in measured)
    assert sum(int(row["of"]) for row in rows if row["property"] == "v") == COUNT
    assert tables.property_rows(measured)[0]["property"] == "v"


def test_no_figure_of_one_bin(tmp_path):
    measured = accuracy_by_property(np.ones(30, bool), {"v": np.arange(30.0)})
    assert reports.draw_properties(tmp_path, measured) == []
    assert not list(tmp_path.iterdir())
