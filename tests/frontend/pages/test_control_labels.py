"""The section of a run's page on the labels of the control sample."""

import pytest

from tests.labeling.world import make_field, make_run

ACCURACY = {"right": 80, "of": 100, "value": 0.8, "low": 0.71, "high": 0.87}
SUMMARY = {"labelled": 100, "unsettled": 12, "waiting": 30, "catalogue_only": 4}
SUMMARY |= {"bounds": [80 / 112, 92 / 112], "ceiling": {"value": 0.892, "low": 0.82, "high": 0.95}}


@pytest.fixture
def run(people):
    run = make_run(make_field(), people["admin"])
    run.external = "StarcNet"
    shares = [{"name": "all classes", "new": ACCURACY, "live": None, "floor": None}]
    run.verdict = {"of": 100, "judged": True, "reasons": [], "shares": shares, "chance": 0.001}
    run.verdict |= {"difference": None, "confidence": 0.8, "control_labels": SUMMARY}
    run.save()
    return run


def test_unsettled_candidates_and_the_ceiling_stand_beside_the_accuracy(browse, run):
    page = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    for text in ("71.4 % – 82.1 %", "89 % of the labels", "(95 % interval 82 % – 95 %)"):
        assert text in page
    runs = browse("ada").get("/runs/").content.decode()
    assert "with 12 unsettled: 71 % – 82 %" in runs


def test_without_enough_votes_it_says_what_is_missing(browse, run):
    run.verdict["control_labels"]["ceiling"] = None
    run.save()
    page = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "needs 50 labelled candidates with 3 or more class votes each" in page


def test_older_runs_have_their_page_without_it(browse, run):
    del run.verdict["control_labels"]
    run.save()
    page = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "Labels of the control sample" not in page
    assert "unsettled:" not in browse("ada").get("/runs/").content.decode()
