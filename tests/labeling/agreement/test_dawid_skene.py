"""labeling.agreement.dawid_skene: the fit recovers the raters' errors."""

import numpy as np
import pytest

from labeling.agreement import dawid_skene
from labeling.agreement.dawid_skene import DiagnosisUnavailable, diagnose, model_disagreements
from tests.labeling.crowd import crowd

ACCURACIES = (0.95, 0.8, 0.6, 0.4, 0.2)


@pytest.fixture(scope="module")
def truth():
    return crowd(1500, 5, knows=ACCURACIES)


@pytest.fixture(scope="module")
def diagnosis(truth):
    pytest.importorskip("crowdkit")
    _, raters = truth
    return diagnose((key, name, n) for name, labels in raters.items() for key, n in labels.items())


def test_it_recovers_each_raters_confusion_matrix(diagnosis):
    assert sorted(diagnosis.matrices) == [f"rater{number}" for number in range(5)]
    for number, accuracy in enumerate(ACCURACIES):
        expected = np.eye(4) * accuracy + (1 - accuracy) / 4
        np.testing.assert_allclose(diagnosis.matrices[f"rater{number}"], expected, atol=0.06)


def test_it_recovers_the_class_shares(diagnosis, truth):
    shares = np.bincount(list(truth[0].values()), minlength=5)[1:] / 1500
    np.testing.assert_allclose(diagnosis.priors, shares, atol=0.03)


def test_it_is_more_accurate_than_the_best_rater(diagnosis, truth):
    labels = truth[0]
    accuracy = np.mean([diagnosis.most_probable(key)[0] == label for key, label in labels.items()])
    assert accuracy > 0.96


def test_probabilities_add_up(diagnosis):
    np.testing.assert_allclose([sum(p) for p in diagnosis.posteriors.values()], 1)
    assert sum(diagnosis.priors) == pytest.approx(1)


def test_it_lists_disagreements_most_probable_first(diagnosis):
    label, probability = diagnosis.most_probable(7)
    consensus = {7: label % 4 + 1, 8: diagnosis.most_probable(8)[0], -1: 1}
    (disagreement,) = model_disagreements(diagnosis, consensus)
    assert (disagreement.key, disagreement.preferred, disagreement.probability) == (
        7,
        label,
        probability,
    )
    disagreements = model_disagreements(diagnosis, dict.fromkeys(range(1500), 1))
    probabilities = [disagreement.probability for disagreement in disagreements]
    assert probabilities == sorted(probabilities, reverse=True)


def test_a_class_without_votes_has_probability_zero():
    pytest.importorskip("crowdkit")
    diagnosis = diagnose([(1, "a", 1), (1, "b", 1), (2, "a", 4), (2, "b", 4)])
    assert diagnosis.priors == pytest.approx((0.5, 0, 0, 0.5))
    assert diagnosis.posteriors[2] == pytest.approx((0, 0, 0, 1), abs=1e-6)


def test_a_class_in_which_a_rater_has_no_objects_has_no_shares():
    pytest.importorskip("crowdkit")
    answers = [(1, "a", 1), (1, "b", 1), (2, "a", 4), (2, "c", 4), (3, "a", 1), (3, "b", 1)]
    matrices = diagnose(answers).matrices
    unknown = {name: np.isnan(matrix).all(axis=1).tolist() for name, matrix in matrices.items()}
    assert unknown == {
        "a": [False, True, True, False],
        "b": [False, True, True, True],
        "c": [True, True, True, False],
    }
    assert matrices["b"][0] == pytest.approx((1, 0, 0, 0))


def test_the_error_names_the_extra_to_install(monkeypatch):
    monkeypatch.setattr(dawid_skene, "INSTALLED", False)
    with pytest.raises(DiagnosisUnavailable, match=r"pip install .*diagnosis"):
        diagnose([(1, "a", 1)])
