"""labeling.evaluation.control_summary: what unsettled candidates and doubtful labels allow."""

import numpy as np
import pytest

from classifier.active.simulated_experts import cast_votes, expert_confusion
from classifier.core.statistics import Proportion
from labeling.agreement.label_accuracy import MIN_CANDIDATES
from labeling.evaluation.control_labels import ControlLabels, control_labels
from labeling.evaluation.control_summary import ControlSummary
from labeling.training.label_source import CONSENSUS
from tests.labeling.world import arrays_of, make_field, only_sample, running_run, served_vote


def test_bounds_are_of_all_wrong_and_all_right_on_what_is_unsettled():
    control = ControlLabels(
        CONSENSUS,
        labels={1: 1, 2: 2, 3: 3, 4: 4},
        unsettled=frozenset({5, 6}),
        waiting=frozenset({7}),
        catalogue_only=frozenset({6, 7}),
    )
    summary = ControlSummary.of(control, {1, 2, 3, 5, 7}, Proportion.measure(2, 3))
    assert (summary.labelled, summary.unsettled, summary.waiting) == (3, 1, 1)
    assert summary.catalogue_only == 1
    assert summary.bounds == (2 / 4, 3 / 4)
    assert summary.ceiling is None
    assert ControlSummary.of(control, {6}, Proportion.measure(0, 0)).bounds is None


@pytest.fixture
def voted(ada, bea, cy):
    """A field in the control sample that three simulated experts have voted on."""
    field = only_sample(make_field("voted", MIN_CANDIDATES + 15), control=True)
    truth_N = np.arange(field.candidates.count()) % 4 + 1
    votes_NE = cast_votes(truth_N, expert_confusion(4), 3, np.random.default_rng(0))
    for candidate, row in zip(field.candidates.all(), votes_NE.tolist(), strict=True):
        for voter, label in zip((ada, bea, cy), row, strict=True):
            served_vote(candidate, voter, label)
    return field


def test_a_judged_run_has_the_summary_of_the_labels_that_it_was_judged_by(voted, admin):
    pks = list(voted.candidates.order_by("pk").values_list("pk", flat=True))
    run = running_run(voted, admin)
    p_NK = np.full((len(pks), 4), 0.1)
    p_NK[np.arange(len(pks)), np.arange(len(pks)) % 4] = 0.7
    # On the labels of its snapshot, of which there were fewer.
    run.succeed(arrays_of(pks, p_NK), {"evaluation": {"accuracy": {"right": 40, "of": 50}}})
    run.refresh_from_db()
    control = control_labels([voted])
    summary = run.verdict["control_labels"]
    assert summary["labelled"] == len(control.labels) == run.verdict["of"]
    assert summary["unsettled"] == len(control.unsettled) > 0
    right = sum(pks.index(pk) % 4 + 1 == label for pk, label in control.labels.items())
    total = len(control.labels) + len(control.unsettled)
    bounds = [right / total, (right + len(control.unsettled)) / total]
    assert summary["bounds"] == pytest.approx(bounds)
    ceiling = summary["ceiling"]
    assert 0 < ceiling["low"] < ceiling["value"] < ceiling["high"] <= 1
