"""The next training on the pages, and how an administrator starts it."""

import json
from http import HTTPStatus

import pytest
from django.test import Client

from labeling.models import RunStatus, TrainingRun
from labeling.training.requests import request_run
from tests.labeling.world import make_run, only_sample, promote, settle


@pytest.fixture
def trained(field, people):
    """A field of which four candidates are settled, and whose first run has ended."""
    only_sample(field, control=False)
    voters = [people[name] for name in ("ada", "bea", "cy")]
    for number, candidate in enumerate(field.candidates.all()[:4]):
        settle(candidate, voters, 1 + number % 2)
    overrides = {"members": 2}
    run = request_run(people["admin"], "quick", fields=[field], overrides=overrides)
    TrainingRun.objects.update(status=RunStatus.READY)
    run.refresh_from_db()
    return run


def page(browser, address="/"):
    return browser.get(address).content.decode()


def test_an_administrator_trains_again_on_the_present_labels(browse, trained, field, people):
    assert "Train again now" in page(browse("admin"))
    settle(field.candidates.all()[4], [people[name] for name in ("ada", "bea", "cy")], 3)
    response = browse("admin").post("/", {"field": field.name})
    again = TrainingRun.objects.exclude(pk=trained.pk).get()
    assert response["Location"] == f"/runs/{again.pk}/"
    assert (again.overrides, again.automatic) == (trained.overrides, False)
    assert again.label_counts["train"] == {"1": 2, "2": 2, "3": 1}
    assert "Train again now" not in page(browse("admin"))


def test_only_administrators_train_again(browse, trained, field):
    for name in ("ada", "cur"):
        assert "Train again now" not in page(browse(name))
        refused = browse(name).post("/", {"field": field.name})
        assert refused.status_code == HTTPStatus.FORBIDDEN
    assert TrainingRun.objects.get() == trained


def test_it_needs_the_csrf_token(trained, field, people):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people["admin"])
    assert browser.post("/", {"field": field.name}).status_code == HTTPStatus.FORBIDDEN
    assert TrainingRun.objects.get() == trained


def test_the_first_training_needs_the_form(browse, field):
    assert "Start the first training" in page(browse("admin"))
    assert browse("admin").post("/", {"field": field.name})["Location"] == "/runs/"
    assert browse("admin").post("/", {"field": "none"}).status_code == HTTPStatus.NOT_FOUND


def test_too_few_labels_are_explained(browse, trained, field):
    for vote in field.candidates.all()[1].votes.all():
        vote.retract()
    for vote in field.candidates.all()[3].votes.all():
        vote.retract()
    shown = browse("admin").post("/", {"field": field.name}, follow=True)
    assert "gives only class 1" in shown.content.decode()
    assert TrainingRun.objects.get() == trained


def test_a_run_shows_the_votes_that_its_labels_are_based_on(browse, trained):
    votes = trained.basis["votes"]
    shown = page(browse("ada"), f"/runs/{trained.pk}/")
    assert f"12, the newest cast {votes['newest_cast_at'][:19]} UTC" in shown
    assert votes["sha256"] in shown
    assert "last taken back" not in shown


def test_a_run_shows_its_seed_and_versions(browse, trained):
    said = {"config": {"seed": 12345}, "versions": {"torch": "2.9", "torchvision": "0.24"}}
    (trained.directory / "config.json").write_text(json.dumps(said))
    shown = page(browse("ada"), f"/runs/{trained.pk}/")
    assert "<dt>seed</dt><dd>12345</dd>" in shown
    assert "torch 2.9, torchvision 0.24" in shown


@pytest.mark.parametrize(("source", "expected"), [("votes", False), ("LEGUS", True), ("", True)])
def test_it_explains_that_runs_on_other_labels_are_not_refreshed(
    browse, field, people, source, expected
):
    run = promote(field, people["admin"])
    TrainingRun.objects.update(label_source=source)
    shown = page(browse("ada"), f"/runs/{run.pk}/")
    assert ("New votes do not refresh the order" in shown) is expected


def test_it_mentions_refreshes_only_if_there_is_a_field(browse, field, people):
    make_run(field, people["admin"])
    assert "trained on our experts’ consensus" in page(browse("ada"))
