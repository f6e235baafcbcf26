"""labeling.rules.gate: on labels that are drawn at random."""

import numpy as np
import pytest

from labeling.rules import gate
from labeling.rules.gate import KNOWN_SHARE, MAX_CHANCE, allowed_chance, judge
from labeling.rules.gate_comparison import MARGIN, MIN_LABELS

MANY = 400
NO_PREDICTION = np.full((MANY, 4), np.nan)


@pytest.fixture
def rng():
    return np.random.default_rng(1909_02024)


@pytest.fixture
def truth(rng):
    return rng.integers(1, 5, MANY)


def network(truth, rng, right, confidence=0.6):
    """Probabilities (N, 4) of a network that is right with this probability, and else guesses."""
    guesses = rng.integers(1, 5, len(truth))
    answers = np.where(rng.random(len(truth)) < (right - 0.25) / 0.75, truth, guesses)
    return certain_of(answers, confidence)


def certain_of(answers, confidence=0.6):
    p_NK = np.full((len(answers), 4), (1 - confidence) / 3)
    p_NK[np.arange(len(answers)), answers - 1] = confidence
    return p_NK


def test_a_good_network_passes_where_none_is_promoted(truth, rng):
    verdict = judge(truth, network(truth, rng, 0.6), NO_PREDICTION)
    assert (verdict.judged, verdict.refused, verdict.difference) == (True, False, None)
    assert verdict.chance < MAX_CHANCE
    assert verdict.confidence == pytest.approx(0.6)


def test_a_network_trained_on_shuffled_labels_is_refused(truth, rng):
    verdict = judge(truth, certain_of(rng.permutation(truth), 0.4), NO_PREDICTION)
    assert verdict.reasons[0].startswith("Its answers could be chance")


@pytest.mark.parametrize("label", [1, 4])
def test_a_network_that_always_gives_one_class_is_refused(rng, label):
    truth = rng.choice([label, 2, 3], MANY, p=[0.7, 0.2, 0.1])
    verdict = judge(truth, certain_of(np.full(MANY, label)), NO_PREDICTION)
    assert verdict.chance == 1
    assert any("0 of" in reason and "class 2" in reason for reason in verdict.reasons)


def test_chance_is_uniform_for_networks_that_guess(rng):
    # Of networks that guess, a share p has a chance below p.
    truth = rng.integers(1, 5, 40)
    chances = [
        judge(truth, certain_of(rng.permutation(truth)), NO_PREDICTION[:40]).chance
        for _ in range(60)
    ]
    assert 0.3 < np.mean(np.array(chances) < 0.5) < 0.7
    assert min(chances) > 0.001


def test_a_network_that_is_worse_than_the_promoted_one_is_refused(truth, rng):
    good, worse = network(truth, rng, 0.75), network(truth, rng, 0.5)
    verdict = judge(truth, worse, good)
    value, low, high = verdict.difference
    assert value == pytest.approx(-0.25, abs=0.07)
    assert low < value < high < 0
    (reason,) = verdict.reasons
    assert f"by {-100 * value:.1f} percentage points" in reason
    assert not judge(truth, good, worse).refused


def test_a_difference_within_its_interval_is_not_refused(truth, rng):
    first, second = network(truth, rng, 0.6), network(truth, rng, 0.6)
    assert not judge(truth, first, second).refused
    assert not judge(truth, second, first).refused
    value, low, high = judge(truth, first, first).difference
    assert low < value == 0 < high


def test_a_network_that_never_finds_a_class_is_refused(truth):
    answers = np.where(truth == 3, 4, truth)
    (reason,) = judge(truth, certain_of(answers, 0.7), NO_PREDICTION).reasons
    assert reason == f"It finds 0 of {(truth == 3).sum()} candidates of class 3; 20 % is the floor."


def test_a_network_that_is_far_too_confident_is_refused(truth, rng):
    (reason,) = judge(truth, network(truth, rng, 0.55, confidence=0.99), NO_PREDICTION).reasons
    assert reason.startswith("It expects to be right on 99 % of the control candidates")


def test_candidates_without_a_prediction_of_the_promoted_network_are_not_compared(truth, rng):
    promoted = network(truth, rng, 0.6)
    promoted[: MANY // 2] = np.nan
    verdict = judge(truth, network(truth, rng, 0.6), promoted)
    assert (verdict.shares[0].new.of, verdict.shares[0].live.of) == (MANY, MANY // 2)


@pytest.mark.parametrize("count", [0, MIN_LABELS - 1])
def test_too_few_labels_are_not_judged(truth, rng, count):
    verdict = judge(
        truth[:count], certain_of(rng.permutation(truth)[:count]), NO_PREDICTION[:count]
    )
    assert (verdict.judged, verdict.refused, verdict.of) == (False, False, count)


@pytest.mark.parametrize(("others", "judged"), [(0, False), (1, False), (2, True)])
def test_labels_of_one_class_cannot_tell_a_network_from_chance(others, judged):
    # Of 20 labels 1 is in another class: right answers have one order in 20, 2: one in 190.
    truth = np.where(np.arange(20) < others, 1, 4)
    verdict = judge(truth, certain_of(truth), NO_PREDICTION[:20])
    assert (verdict.judged, verdict.refused) == (judged, False)
    if judged:
        assert verdict.chance == pytest.approx(1 / 190, abs=0.003)
    else:
        assert verdict.chance is None
        assert "nearly all, of the 20 control labels are of one class" in verdict.sentence


def test_labels_of_one_class_can_still_refuse_a_network():
    truth = np.full(40, 4)
    verdict = judge(truth, certain_of(np.full(40, 3)), NO_PREDICTION[:40])
    assert (verdict.chance, verdict.refused) == (None, True)
    assert verdict.reasons[0].startswith("It finds 0 of 40 candidates of class 4")


@pytest.mark.parametrize(("confidence", "refused"), [(0.4, False), (0.5, True)])
def test_no_right_answer_at_all_leaves_the_accuracy_uncertain(confidence, refused):
    # 0 of 20: up to 16 % by Wilson's interval, so that 40 % is at least 24 points too confident.
    truth = np.tile([1, 2, 3, 4], 5)
    reasons = judge(truth, certain_of(truth % 4 + 1, confidence), NO_PREDICTION[:20]).reasons
    assert any("expects to be right" in reason for reason in reasons) == refused


def test_the_verdict_has_json_values(truth, rng):
    values = judge(truth, network(truth, rng, 0.6), network(truth, rng, 0.6)).to_dict()
    assert [share["name"] for share in values["shares"]] == [
        "all classes",
        *(f"class {k}" for k in "1234"),
    ]
    assert (values["of"], values["judged"], values["reasons"]) == (MANY, True, [])


def test_a_good_network_is_not_refused_for_too_few_labels(rng):
    # Eight of twenty right: chance allows it, and so does a useful network.
    truth = np.tile([1, 2, 3, 4], 5)
    answers = np.where(np.arange(20) < 8, truth, truth % 4 + 1)
    verdict = judge(truth, certain_of(answers), NO_PREDICTION[:20])
    assert (verdict.judged, verdict.refused) == (False, False)
    assert verdict.chance > MAX_CHANCE
    (doubt,) = verdict.doubts
    assert doubt.startswith("It is not shown to be better than chance")
    assert "the control labels are too few" in verdict.sentence


def test_a_network_that_only_guesses_is_refused_as_soon_as_that_shows(rng):
    truth = np.tile([1, 2, 3, 4], 15)
    verdict = judge(truth, certain_of(np.roll(truth, 1)), NO_PREDICTION[:60])
    assert verdict.reasons[0].startswith("Its answers could be chance")
    assert f"a network that knew {100 * KNOWN_SHARE:.0f} % of them" in verdict.reasons[0]


def test_a_loss_that_is_not_excluded_leaves_the_network_unjudged(rng):
    truth = np.tile([1, 2, 3, 4], 10)
    promoted, new = (network(truth, rng, 0.8) for _ in range(2))
    verdict = judge(truth, new, promoted)
    assert (verdict.judged, verdict.refused) == (False, False)
    (comparison,) = verdict.comparisons
    assert comparison.highest_loss > MARGIN
    assert verdict.doubts == [
        "A loss of 10 percentage points of accuracy against the promoted run is not excluded: "
        f"it could be up to {100 * comparison.highest_loss:.1f}."
    ]


def test_equal_networks_pass(truth, rng):
    same = network(truth, rng, 0.7)
    verdict = judge(truth, same, same)
    assert (verdict.judged, verdict.refused, verdict.doubts) == (True, False, [])
    assert verdict.comparisons[0].smallest_visible_loss < 0.1


def test_a_slow_decline_is_refused_by_the_best_network_that_was_promoted(rng):
    truth = rng.integers(1, 5, MANY)
    # Each is wrong on 16 more: 4 percentage points.
    networks = [
        certain_of(np.where(np.arange(MANY) < 320 - 16 * k, truth, truth % 4 + 1)) for k in range(5)
    ]
    former = dict(enumerate(networks[:3], start=7))
    verdict = judge(truth, networks[4], networks[3], former)
    promoted, best = verdict.comparisons
    assert (promoted.run, best.run) == (None, 7)
    assert best.difference[0] == pytest.approx(-0.16)
    assert "less often than run 7, promoted before, by 16.0 percentage points" in " ".join(
        verdict.reasons
    )


def test_the_best_of_several_equal_networks_is_no_reason(rng):
    # Each is right on 80 %; of eight, the best is so by luck.
    truth = rng.integers(1, 5, 100)
    networks = [network(truth, rng, 0.8) for _ in range(9)]
    networks.sort(key=lambda p_NK: (p_NK.argmax(axis=1) + 1 == truth).sum())
    middle = networks.pop(4)
    verdict = judge(truth, middle, networks[4], dict(enumerate(networks)))
    assert not verdict.refused
    _, best = verdict.comparisons
    assert best.run == 7
    assert best.p_value > judge(truth, middle, networks[7]).comparisons[0].p_value


def test_worse_probabilities_refuse_what_right_answers_alone_would_not(rng):
    truth = np.tile([1, 2, 3, 4], 25)
    right = np.arange(100) < 60
    answers = np.where(right, truth, truth % 4 + 1)
    promoted = certain_of(answers, 0.4)
    # It is sure where it is right.
    promoted[right] = certain_of(answers, 0.9)[right]
    new = certain_of(np.where(np.arange(100) < 56, truth, truth % 4 + 1))
    # Of the five that differ, one speaks for the new network.
    new[60] = certain_of(truth)[60]
    (comparison,) = judge(truth, new, promoted).comparisons
    assert 0.035 < comparison.p_value < 0.2
    assert comparison.score_loss > 0.2
    assert comparison.is_worse
    assert "so much worse probabilities" in comparison.reason


def test_worse_probabilities_alone_refuse_nothing(rng):
    truth = np.tile([1, 2, 3, 4], 25)
    answers = np.where(np.arange(100) < 60, truth, truth % 4 + 1)
    promoted = np.where((np.arange(100) < 60)[:, None], certain_of(answers, 0.9), 0.25)
    promoted[60:] = certain_of(answers, 0.4)[60:]
    verdict = judge(truth, certain_of(answers), promoted)
    (comparison,) = verdict.comparisons
    assert comparison.score_p_value < 0.01
    assert not verdict.refused


def test_more_looks_need_more_evidence(truth, rng):
    first, second = (network(truth, rng, 0.7) for _ in range(2))
    once, often = (judge(truth, second, first, looks=looks) for looks in (1, 20))
    assert (once.looks, often.looks) == (1, 20)
    assert often.comparisons[0].highest_loss > once.comparisons[0].highest_loss
    accuracy = once.shares[0].new
    assert once.all_looks == pytest.approx((accuracy.low, accuracy.high))
    assert often.all_looks[0] < accuracy.low
    assert often.all_looks[1] > accuracy.high


def shared_only(p_NK, count):
    """The same network, without predictions beyond the first so many candidates."""
    return np.where((np.arange(len(p_NK)) < count)[:, None], p_NK, np.nan)


def test_a_former_run_that_shares_few_labels_decides_nothing(truth, rng):
    good, same = certain_of(truth), network(truth, rng, 0.7)
    few = shared_only(good, MIN_LABELS - 1)
    verdict = judge(truth, same, same, {7: few})
    assert (verdict.judged, verdict.refused) == (True, False)
    assert [comparison.run for comparison in verdict.comparisons] == [None]
    enough = shared_only(good, MIN_LABELS)
    assert [c.run for c in judge(truth, same, same, {7: enough}).comparisons] == [None, 7]


def test_a_promoted_run_that_shares_few_labels_leaves_the_network_unjudged(truth, rng):
    new = network(truth, rng, 0.6)
    verdict = judge(truth, new, shared_only(certain_of(truth), MIN_LABELS - 1))
    assert (verdict.judged, verdict.refused) == (False, False)
    assert (verdict.difference, verdict.comparisons) == (None, [])
    assert verdict.doubts == [
        "Too few labels are shared with the promoted run: it has predictions for 19 of the 400 "
        "labelled control candidates, and 20 are needed to compare them."
    ]


def test_a_network_has_one_temperature_with_another_for_the_candidates_of_both(truth):
    # Right and sure on the shared half, wrong and as sure on the other half.
    new = certain_of(np.where(np.arange(MANY) < MANY // 2, truth, truth % 4 + 1), 0.6)
    (comparison,) = judge(truth, new, shared_only(new, MANY // 2)).comparisons
    assert comparison.score_loss == 0


@pytest.mark.parametrize("looks", [1, 50, 101, 1000])
def test_a_network_that_is_always_right_passes_at_any_look(truth, looks):
    assert judge(truth, certain_of(truth), NO_PREDICTION, looks=looks).judged


def test_the_allowed_chance_falls_with_the_looks_to_what_the_draws_can_show(monkeypatch):
    monkeypatch.setattr(gate, "DRAWS", 499)
    assert [allowed_chance(looks) for looks in (1, 2, 4, 5, 50)] == [
        0.01,
        0.005,
        0.0025,
        0.002,
        0.002,
    ]


def test_the_smallest_loss_seen_is_larger_beside_more_networks(rng):
    truth = rng.integers(1, 5, 100)
    networks = [network(truth, rng, 0.7) for _ in range(7)]
    alone = judge(truth, networks[0], networks[1]).comparisons[0]
    among = judge(truth, networks[0], networks[1], dict(enumerate(networks[2:]))).comparisons[0]
    assert among.smallest_visible_loss > alone.smallest_visible_loss


def test_the_verdict_keeps_the_difference_to_the_promoted_run(truth, rng):
    verdict = judge(truth, network(truth, rng, 0.7), network(truth, rng, 0.7))
    assert verdict.to_dict()["difference"] == verdict.comparisons[0].difference
