"""labeling.rules.prediction_arrays: predictions as arrays."""

import numpy as np
import pytest
from scipy.stats import entropy

from classifier.core.classes import PROBABILITY_COLUMNS
from labeling.rules.prediction_arrays import PredictionArrays

P = np.array([[0.7, 0.1, 0.1, 0.1], [0.0, 0.0, 1.0, 0.0]])


def test_one_network_agrees_with_itself_and_has_no_mutual_information():
    arrays = PredictionArrays.of_one_network(np.array([4, 9]), np.array([1, 3]), P)
    np.testing.assert_allclose(arrays.entropy_N, entropy(P, axis=1))
    assert arrays.ensemble_agreement_N.tolist() == [1, 1]
    assert np.isnan(arrays.mutual_information_N).all()
    assert np.isnan(arrays.diversity_N).all()


def test_the_columns_are_those_of_the_table():
    columns = PredictionArrays.of_one_network(np.array([4, 9]), np.array([1, 3]), P).columns()
    assert [columns[name].tolist() for name in PROBABILITY_COLUMNS] == P.T.tolist()
    assert columns["candidate_id"].tolist() == [4, 9]


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="different numbers of candidates"):
        PredictionArrays.of_one_network(np.array([4, 9]), np.array([1]), P)
