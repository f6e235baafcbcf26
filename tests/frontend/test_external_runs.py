"""A run's page: its agreement with people, and an imported network."""

import re

import pytest

from labeling.ingest.runs import import_run
from labeling.models import Field, ReferenceLabel, TrainingRun
from tests.labeling.networks import answers, write_starcnet
from tests.labeling.world import make_run, only_sample, promote, settle, vote


@pytest.fixture
def labelled(field, people):
    """Six candidates, two in the control sample: 1, 2, 3, 4, 1, 2 in a catalogue, half by us."""
    for number, candidate in enumerate(field.candidates.order_by("pk")):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=1 + number % 4)
    only_sample(field, control=False)
    field.candidates.filter(catalogue_id__in=["1", "5"]).update(control=True)
    for number, candidate in enumerate(field.candidates.order_by("pk")[:3]):
        settle(candidate, [people[name] for name in ("ada", "bea", "cy")], 1 + number % 4)
    return field


@pytest.fixture
def starcnet(labelled, people, tmp_path):
    """A network that is right but for the last candidate."""
    p = answers(6, lambda k: 1 + k % 4 if k < 5 else 4)
    path = write_starcnet(tmp_path / "starcnet.tab", list("123456"), p)
    return import_run(labelled, path, "StarcNet <1>", people["admin"])[0]


def page_of(browse, run, name="ada"):
    return browse(name).get(f"/runs/{run.pk}/")


def text_of(page):
    """A page's words, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def shown(page):
    """Number of candidates and share by source."""
    return {
        row.source: (row.agreement.n, row.agreement.share) for row in page.context["agreements"]
    }


def test_an_imported_network_is_compared_with_catalogues_on_all_candidates(browse, starcnet):
    page = page_of(browse, starcnet)
    assert shown(page) == {"votes": (1, 1.0), "LEGUS": (6, 5 / 6)}
    text = text_of(page)
    assert "Catalogues are compared on all candidates" in text
    assert "numbers probabilities" in text
    assert "LEGUS 6 83.3 % 43.6 % – 97.0 %" in text
    assert "our experts’ consensus 1 100.0 %" in text
    assert [cell.count for cell in page.context["agreements"][1].rows[1].cells] == [0, 1, 0, 1]


def test_a_trained_run_is_compared_on_the_control_sample(browse, labelled, people):
    run = make_run(labelled, people["admin"], {c.pk: 0.5 for c in labelled.candidates.all()})
    page = page_of(browse, run)
    assert shown(page) == {"votes": (1, 0.0), "LEGUS": (2, 0.0)}
    assert "Catalogues are compared on the control sample only" in text_of(page)


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_a_run_without_a_result_is_not_compared(browse, labelled, people, status):
    page = page_of(browse, make_run(labelled, people["admin"], status=status))
    assert "Agreement with people" not in text_of(page)


def test_the_page_explains_a_missing_comparison(browse, field, people):
    page = page_of(browse, make_run(field, people["admin"]))
    assert "No candidate of the control sample is labelled yet" in text_of(page)


def test_the_page_shows_the_source_of_the_predictions(browse, starcnet):
    text = text_of(page_of(browse, starcnet, "admin"))
    assert "StarcNet &lt;1&gt;, imported from starcnet.tab" in text
    assert f"starcnet.tab {starcnet.outcome['sha256']} (sha256)" in text
    assert "Entropy of all candidates" in text
    for word in (
        "training time",
        "training set",
        "random weights",
        "accuracy of a member",
        "Retrain",
        "None",
    ):
        assert word not in text


def test_the_list_and_the_progress_page_show_its_name(browse, starcnet, people):
    starcnet.promote(people["admin"])
    assert "StarcNet &lt;1&gt;, imported" in text_of(browse("ada").get("/runs/"))
    assert f"run {starcnet.pk}" in text_of(browse("ada").get("/"))


def test_an_administrator_promotes_it_on_its_page(browse, starcnet, people):
    before = promote(Field.objects.get(), people["admin"])
    assert "Promote in all its fields" in text_of(page_of(browse, starcnet, "admin"))
    browse("admin").post(f"/runs/{starcnet.pk}/promote/")
    assert Field.objects.get().promoted_run == starcnet
    browse("admin").post(f"/runs/{starcnet.pk}/roll-back/")
    assert Field.objects.get().promoted_run == before


def test_its_predictions_are_shown_under_its_name(browse, starcnet, people, candidate):
    starcnet.promote(people["admin"])
    vote(candidate, people["ada"])
    text = text_of(browse("ada").get(f"/candidates/{candidate.pk}/"))
    assert "StarcNet &lt;1&gt;" in text
    assert "of the members" not in text


def test_it_cannot_be_cancelled_or_resumed(browse, starcnet):
    for verb in ("cancel", "resume"):
        browse("admin").post(f"/runs/{starcnet.pk}/{verb}/")
    assert TrainingRun.objects.get().status == "ready"
