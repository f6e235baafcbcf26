"""labeling.agreement.dawid_skene: it finds out who knows and who guesses."""

import numpy as np
import pytest

from labeling.agreement import dawid_skene
from labeling.agreement.dawid_skene import DiagnosisUnavailable, diagnose, model_disagreements
from tests.labeling.crowd import crowd

KNOWS = (0.95, 0.8, 0.6, 0.4, 0.2)


@pytest.fixture(scope="module")
def truth():
    return crowd(1500, 5, knows=KNOWS)


@pytest.fixture(scope="module")
def diagnosis(truth):
    pytest.importorskip("crowdkit")
    _, raters = truth
    return diagnose((key, name, n) for name, given in raters.items() for key, n in given.items())


def test_it_finds_each_raters_confusion(diagnosis):
    assert sorted(diagnosis.matrices) == [f"rater{number}" for number in range(5)]
    for number, knows in enumerate(KNOWS):
        expected = np.eye(4) * knows + (1 - knows) / 4
        np.testing.assert_allclose(diagnosis.matrices[f"rater{number}"], expected, atol=0.06)


def test_it_finds_how_frequent_the_classes_are(diagnosis, truth):
    shares = np.bincount(list(truth[0].values()), minlength=5)[1:] / 1500
    np.testing.assert_allclose(diagnosis.priors, shares, atol=0.03)


def test_it_knows_better_than_the_best_rater(diagnosis, truth):
    known = truth[0]
    right = np.mean([diagnosis.most_probable(key)[0] == label for key, label in known.items()])
    assert right > 0.96


def test_probabilities_add_up(diagnosis):
    np.testing.assert_allclose([sum(p) for p in diagnosis.posteriors.values()], 1)
    assert sum(diagnosis.priors) == pytest.approx(1)


def test_it_lists_where_it_differs_the_surest_first(diagnosis):
    label, probability = diagnosis.most_probable(7)
    other = {7: label % 4 + 1, 8: diagnosis.most_probable(8)[0], -1: 1}
    (found,) = model_disagreements(diagnosis, other)
    assert (found.key, found.preferred, found.probability) == (7, label, probability)
    everything = model_disagreements(diagnosis, dict.fromkeys(range(1500), 1))
    sure = [difference.probability for difference in everything]
    assert sure == sorted(sure, reverse=True)


def test_a_class_that_nobody_names_has_probability_zero():
    pytest.importorskip("crowdkit")
    found = diagnose([(1, "a", 1), (1, "b", 1), (2, "a", 4), (2, "b", 4)])
    assert found.priors == pytest.approx((0.5, 0, 0, 0.5))
    assert found.posteriors[2] == pytest.approx((0, 0, 0, 1), abs=1e-6)


def test_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(dawid_skene, "INSTALLED", False)
    with pytest.raises(DiagnosisUnavailable, match=r"pip install .*diagnosis"):
        diagnose([(1, "a", 1)])
