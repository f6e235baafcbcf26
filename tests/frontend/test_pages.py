"""Contents and actions of the pages."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from frontend.pages.keys import KEY_BINDINGS
from labeling.models import Field, Refresh, Release, TrainingRun
from tests.labeling.world import make_experiment, make_run, promote, settle, vote


@pytest.fixture
def tie(candidate, people):
    """Three experts, three classes."""
    for name, label in (("ada", 1), ("bea", 2), ("cy", 4)):
        vote(candidate, people[name], label=label, comment=f"{name} thinks so")
    return candidate


def test_it_counts_candidates_by_status(browse, field, tie, people):
    settle(field.candidates.get(catalogue_id="2"), [people[n] for n in ("ada", "bea", "cy")])
    field.candidates.filter(catalogue_id="3").update(set_aside="detected in 2 of 5 filters")
    (shown,) = browse("cur").get("/").context["fields"]
    numbers = (shown.n_candidates, shown.n_voted, shown.n_settled, shown.n_ties, shown.n_set_aside)
    assert numbers == (5, 2, 1, 1, 1)


def test_the_run_is_not_read_for_every_candidate(browse, field, people):
    promote(field, people["admin"], {})
    with CaptureQueriesContext(connection) as asked:
        browse("cur").get("/")
    (counting,) = [q["sql"] for q in asked if "n_settled" in q["sql"]]
    assert "trainingrun" not in counting


def test_it_proposes_the_next_step(browse, tie):
    steps = [step.url for step in browse("cur").get("/").context["steps"]]
    assert steps == ["/disagreements/", "/classify/"]
    assert [step.url for step in browse("ada").get("/").context["steps"]] == ["/classify/"]


def test_it_explains_the_first_step(browse):
    page = browse("admin").get("/")
    assert "Import a field" in page.content.decode()
    assert [step.url for step in page.context["steps"]] == ["/imports/new/"]
    assert "Administrators can import a field: admin." in browse("ada").get("/").content.decode()


def test_it_counts_my_own_votes(browse, tie):
    mine = browse("ada").get("/").context["votes"]
    assert (mine.today, mine.total, mine.waiting, mine.by_class[0]) == (1, 1, 5, ("1", 1))


def test_it_counts_what_i_hold_as_the_classify_page_does(browse, tie):
    browser = browse("ada")
    browser.post("/api/v1/queue/", {"count": 2}, "application/json")
    left = browser.get("/api/v1/progress/").json()["left"]
    assert browser.get("/").context["votes"].waiting == left == 5


def test_today_is_said_to_be_that_of_utc_unless_the_browser_has_another(browse, tie):
    browser = browse("ada")
    assert browser.get("/").context["votes"].day == "today (UTC)"
    browser.cookies["asterism_utc_offset"] = "540"
    assert browser.get("/").context["votes"].day == "today"


def test_a_curator_adjudicates_a_tie_with_a_reason(browse, tie):
    page = browse("cur").get("/disagreements/")
    assert "bea thinks so" in page.content.decode()
    (shown,) = page.context["page"]
    ruling = {"label": "2", "reason": "one lopsided peak", "fingerprint": shown.fingerprint}
    browse("cur").post(f"/disagreements/{tie.pk}/", ruling)
    tie.refresh_from_db()
    assert (tie.consensus.label, tie.consensus.status) == (2, "adjudicated")
    assert tie.adjudications.get().reason == "one lopsided peak"


@pytest.mark.parametrize("answer", [{"label": "2"}, {"reason": "because"}, {"label": "5"}])
def test_it_rejects_a_ruling_without_class_or_reason(browse, tie, answer):
    browse("cur").post(f"/disagreements/{tie.pk}/", answer)
    assert not tie.adjudications.exists()


def test_it_makes_a_release_of_a_version_once(browse, tie):
    for _ in range(2):
        page = browse("cur").post("/exports/", {"version": "v1", "note": "first"}, follow=True)
    assert Release.objects.get().rows == 6
    assert "Release v1 exists already" in page.content.decode()


def test_it_shows_why_a_run_cannot_start(browse, field):
    page = browse("admin").post("/runs/", {"preset": "quick", "label_source": "votes", "field": ""})
    assert "Training needs labels of at least two classes" in page.content.decode()
    assert not TrainingRun.objects.exists()


def test_it_queues_a_run_and_shows_it(browse, field, people):
    voters = [people[n] for n in ("ada", "bea", "cy")]
    for label, candidate in enumerate(field.candidates.all(), 1):
        candidate.control = False
        candidate.save()
        settle(candidate, voters, label=1 + label % 4)
    response = browse("admin").post("/runs/", {"preset": "quick", "label_source": "votes"})
    run = TrainingRun.objects.get()
    assert (response["Location"], run.status) == (f"/runs/{run.pk}/", "queued")


def test_the_page_polls_only_while_the_run_is_active(browse, field, people):
    run = make_run(field, people["admin"], status="running")
    report = {"stage": "train", "member": 1, "members": 4, "batch": 50, "batches": 100}
    TrainingRun.objects.filter(pk=run.pk).update(progress=report)
    page = browse("ada").get(f"/runs/{run.pk}/", headers={"HX-Request": "true"})
    text = page.content.decode()
    assert 'hx-trigger="every 2s"' in text
    assert "<html" not in text
    assert "member 2 of 4, batch 50 of 100" in text
    assert page.context["progress"].share == pytest.approx(1.5 / 4)
    run.cancel()
    assert "every 2s" not in browse("ada").get(f"/runs/{run.pk}/").content.decode()


def test_it_warns_of_random_weights(browse, field, people):
    run = make_run(field, people["admin"])
    note = "No weights (no download ([Errno -3] Temporary failure in name resolution))."
    outcome = {"weights": "random", "weights_note": note}
    TrainingRun.objects.filter(pk=run.pk).update(outcome=outcome)
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    (notice,) = re.findall(r'<div class="notice" role="alert">(.*?)</div>', text, re.DOTALL)
    sentence, details = notice.split("<details>")
    assert "The worker found no ImageNet weights" in sentence
    assert "put their file into the folder that <code>ASTERISM_WEIGHTS</code> names" in sentence
    assert "Errno" not in sentence
    assert note in details
    assert "warning-large" not in text


def test_random_weights_that_were_chosen_are_no_failure(browse, field, people):
    run = make_run(field, people["admin"])
    note = "The network starts from random weights, as configured."
    outcome = {"weights": "random", "weights_note": note}
    TrainingRun.objects.filter(pk=run.pk).update(outcome=outcome)
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "random weights, as its settings say" in text
    assert "found no ImageNet weights" not in text


def test_it_names_the_run_that_orders_the_queue(browse, field, people):
    run = promote(field, people["admin"])
    pages = ("/", f"/fields/{field.name}/", f"/runs/{run.pk}/")
    refresh = Refresh.objects.create(field=field, run=run, n_labels=1234)
    for page in pages:
        assert "refitted" not in browse("ada").get(page).content.decode()
    refresh.made_at = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
    refresh.save()
    when = "refitted on 1,234 labels at 09:05 UTC on 2 November"
    for page in pages:
        assert (
            f"ordered by run {run.pk}, its last layer {when}"
            in browse("ada").get(page).content.decode()
        )


@pytest.mark.parametrize(("verb", "promoted"), [("promote", True), ("roll-back", False)])
def test_an_administrator_promotes_and_rolls_back(browse, field, people, verb, promoted):
    run = make_run(field, people["admin"])
    if verb == "roll-back":
        run = promote(field, people["admin"])
    browse("admin").post(f"/runs/{run.pk}/{verb}/")
    field.refresh_from_db()
    assert (field.promoted_run_id == run.pk) is promoted


def test_a_roll_back_asks_and_says_that_a_field_is_left_without_a_network(browse, field, people):
    first = promote(field, people["admin"])
    (question,) = re.findall(r'<div class="confirm".*?</div>', _page_of(browse, first), re.DOTALL)
    assert f"Roll back run {first.pk}?" in question
    assert f"{field.name}: no other run was promoted before." in question
    assert "The field is left without a network" in question
    assert f'action="/runs/{first.pk}/roll-back/"' in question
    second = promote(field, people["admin"])
    (question,) = re.findall(r'<div class="confirm".*?</div>', _page_of(browse, second), re.DOTALL)
    assert f"run {first.pk}, which was promoted before, is promoted again" in question
    assert "without a network" not in question
    assert 'class="confirm"' not in _page_of(browse, first)


def _page_of(browse, run):
    return browse("admin").get(f"/runs/{run.pk}/").content.decode()


def test_an_unknown_action_is_not_found(browse, field, people):
    run = make_run(field, people["admin"])
    assert browse("admin").post(f"/runs/{run.pk}/drop/").status_code == HTTPStatus.NOT_FOUND


def test_the_guide_shows_every_key(browse):
    page = browse("ada").get("/guide/")
    text = page.content.decode()
    assert all(binding.description in text for binding in KEY_BINDINGS)
    keys = [key for binding in KEY_BINDINGS for key in binding.keys]
    assert len(keys) == len(set(keys)), "a key has two actions"


def test_it_has_no_inline_script_or_style(browse, field, candidate, people):
    run = make_run(field, people["admin"])
    experiment = make_experiment(field, people["admin"])
    pages = ("/", "/classify/", f"/candidates/{candidate.pk}/", f"/runs/{run.pk}/", "/guide/")
    for page in (*pages, "/experiments/", f"/experiments/{experiment.pk}/"):
        response = browse("admin").get(page)
        text = response.content.decode()
        assert " style=" not in text
        assert "<style" not in text
        assert "onclick=" not in text
        assert "'unsafe" not in response["Content-Security-Policy"]


def test_the_progress_of_a_run_is_the_sum_of_its_workers(browse, field, people):
    run = make_run(field, people["cur"], status="running")
    report = {"stage": "train", "members": 3, "batches": 100, "loss": 1.0, "fraction": 0.25}
    report |= {"images_per_second": 40.0, "seconds_left": 300.0}
    run.claimed_members.create(number=0, worker="a:1", trained=True)
    run.claimed_members.create(
        number=1, worker="b:2", progress={**report, "member": 1, "batch": 60}
    )
    run.claimed_members.create(
        number=2, worker="a:1", progress={**report, "member": 2, "batch": 20}
    )
    TrainingRun.objects.update(progress={**report, "member": 2, "batch": 20})
    response = browse("ada").get(f"/runs/{run.pk}/")
    progress = response.context["progress"]
    assert progress.activity == "training members 2 and 3 of 3, on 2 workers"
    # One is trained; of the time that each worker would need alone, half is left for both.
    assert (progress.share, progress.images_per_second) == (pytest.approx(1.8 / 3), 80.0)
    assert progress.seconds_left == pytest.approx(100.0)
    assert "Training members 2 and 3 of 3, on 2 workers" in response.content.decode()


def test_a_silent_worker_is_shown_before_another_takes_over(browse, field, people):
    run = make_run(field, people["cur"], status="running")
    page = f"/runs/{run.pk}/"
    for seconds, shown in ((5, False), (121, True)):
        TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=seconds))
        text = browse("ada").get(page).content.decode()
        assert bool(re.search(r"has sent no report for 12\d s\. If", text)) is shown
    TrainingRun.objects.update(status="queued")
    assert "has sent no report" not in browse("ada").get(page).content.decode()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (2, "2 candidates lie within a pixel of one on the other side"),
        (1, "1 candidate lies within a pixel of one on the other side"),
        (None, "is not counted yet: the next import"),
    ],
)
def test_a_field_shows_the_stored_count_of_sources_on_both_sides(browse, field, count, text):
    def page():
        return browse("ada").get(f"/fields/{field.name}/").content.decode()

    Field.objects.update(both_sides_count=count)
    assert text in page()
    # It exits with 1 where other tests have left files.
    with suppress(SystemExit):
        call_command("audit", stdout=StringIO())
    assert "other side" not in page()


def test_a_field_links_to_its_imports_for_administrators(browse, field):
    record = field.imports.get()
    links = ('href="/imports/"', f'href="/imports/{record.pk}/removal/"')
    for name in ("ada", "cur", "admin"):
        main = browse(name).get(f"/fields/{field.name}/").content.decode().partition("<main")[2]
        assert [link in main for link in links] == [name == "admin"] * 2, name
