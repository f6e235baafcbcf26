"""The gate and the comparison of two runs give the same difference and interval."""

import numpy as np
import pytest

from classifier.evaluation.comparison import compare
from labeling.rules.gate import judge
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_of

BOTH, ONLY_PROMOTED, NEITHER = 12, 4, 4
"""Candidates on which both runs are right, only the promoted one, and neither; 20 in all."""


def test_the_gate_and_the_comparison_agree_on_the_difference_of_two_runs():
    truth = np.tile([1, 2, 3, 4], 5)
    wrong = truth % 4 + 1
    counts = (BOTH, ONLY_PROMOTED, NEITHER)
    new = np.where(np.repeat([True, False, False], counts), truth, wrong)
    promoted = np.where(np.repeat([True, True, False], counts), truth, wrong)
    runs = [predictions_of(answers.tolist()) for answers in (new, promoted)]
    verdict = judge(truth, *(run.probability for run in runs))
    compared = compare(*runs, manifest_of(truth.tolist())).overall
    assert verdict.difference == (compared.difference, compared.low, compared.high)
    assert verdict.difference[0] == pytest.approx(-0.2)
    # The gate's own test is one-sided; half of the probability of exactly this loss counts.
    (comparison,) = verdict.comparisons
    assert comparison.p_value == pytest.approx(0.5**ONLY_PROMOTED / 2, abs=0.005)
    assert compared.p_value == pytest.approx(2 * 0.5**ONLY_PROMOTED)
