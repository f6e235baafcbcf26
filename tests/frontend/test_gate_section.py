"""The gate's section of a run's page."""

import re

import numpy as np
import pytest

from labeling.models import RunStatus
from labeling.rules.gate import judge
from tests.labeling.world import make_run


@pytest.fixture
def section(browse, field, people):
    """Return a function that gives the words of the section for a verdict."""

    def words(verdict):
        run = make_run(field, people["admin"], status=RunStatus.READY)
        run.verdict = verdict
        run.save()
        page = browse("admin").get(f"/runs/{run.pk}/").content.decode()
        part = re.search(r'id="gate">(.*?)</section>', page, re.DOTALL)[1]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))

    return words


def network(truth, right, sure=0.8):
    """Probabilities of a network that is right on the first so many candidates, or on the last."""
    first, last = np.arange(len(truth)) < right, np.arange(len(truth)) >= len(truth) + right
    answers = np.where(first if right > 0 else last, truth, truth % 4 + 1)
    p_NK = np.full((len(truth), 4), (1 - sure) / 3)
    p_NK[np.arange(len(truth)), answers - 1] = sure
    return p_NK


def verdict_of(labels, right, promoted, former=(), looks=1):
    truth = np.tile([1, 2, 3, 4], labels // 4)
    others = {number: network(truth, n) for number, n in former}
    return judge(truth, network(truth, right), network(truth, promoted), others, looks).to_dict()


def test_it_says_what_was_shown_and_how_small_a_loss_would_be_seen(section):
    verdict = verdict_of(200, 150, 151, former=[(7, 152)])
    words = section(verdict)
    assert "The gate lets this run pass" in words
    assert "to lose less than 10 percentage points of accuracy against the promoted run" in words
    assert [other["run"] for other in verdict["comparisons"]] == [None, 7]
    assert "and run 7." in words
    for other in verdict["comparisons"]:
        assert f" {100 * other['smallest_visible_loss']:.1f} " in words
    assert "By right answers alone; where it is above 10 points and the run passes, its" in words
    assert "The limit is one-sided, at 96 %, stricter after several runs." in words


def test_it_says_that_labels_are_too_few_and_for_what(section):
    words = section(verdict_of(40, 30, -31))
    assert "Too few labels to judge this run" in words
    assert "A loss of 10 percentage points of accuracy against the promoted run" in words
    assert "Too few labels to check the floor of class 2 (10), class 3 (10)." in words


def test_it_gives_the_number_of_looks_and_an_interval_for_all_of_them(section):
    verdict = verdict_of(200, 150, 150, looks=12)
    low, high = (f"{100 * limit:.0f} %" for limit in verdict["all_looks"])
    assert "12 runs were judged on this control sample. The best of several" in section(verdict)
    assert f"the interval of the accuracy is {low} – {high}" in section(verdict)


def test_a_verdict_of_an_earlier_version_is_shown_as_before(section):
    verdict = verdict_of(200, 150, 150)
    for name in ("doubts", "comparisons", "looks", "all_looks"):
        del verdict[name]
    words = section(verdict)
    assert "Within the 95 % intervals, it is better than chance, not less accurate" in words
    assert "compared with" not in words
