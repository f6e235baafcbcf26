"""The applications of a run to fields, on its page."""

from http import HTTPStatus

import pytest

from labeling.models import Application, Field, RunStatus, TrainingRun
from tests.labeling.world import calibrate_run, make_field, make_run

pytestmark = pytest.mark.beside("sqlite")


@pytest.fixture
def run(field, people):
    return make_run(field, people["admin"])


@pytest.fixture
def application(run, people):
    """An application to a field that the run was not trained on."""
    return Application.objects.request(run, make_field("ngc2"), people["admin"])


def text_of(client, run):
    response = client.get(f"/runs/{run.pk}/")
    assert response.status_code == HTTPStatus.OK
    return " ".join(response.content.decode().split())


def test_an_administrator_starts_one(browse, run):
    make_field("ngc2")
    response = browse("admin").post(f"/runs/{run.pk}/applications/", {"field": "ngc2"}, follow=True)
    application = Application.objects.get()
    assert (application.run, application.field.name) == (run, "ngc2")
    assert "ngc2 waits for a worker to predict it." in response.content.decode()


def test_a_form_sent_twice_starts_one(browse, run):
    make_field("ngc2")
    client = browse("admin")
    for _ in range(2):
        client.post(f"/runs/{run.pk}/applications/", {"field": "ngc2", "idempotency_key": "k"})
    assert Application.objects.count() == 1


def test_experts_do_not_start_one(browse, run):
    make_field("ngc2")
    response = browse("ada").post(f"/runs/{run.pk}/applications/", {"field": "ngc2"})
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert not Application.objects.exists()


def test_it_is_followed_while_it_is_at_work(browse, run, application):
    text = text_of(browse("ada"), run)
    address = f"/runs/{run.pk}/applications/"
    assert f'hx-get="{address}"' in text
    part = browse("ada").get(address).content.decode()
    assert "ngc2" in part
    assert "<html" not in part
    Application.objects.update(status=RunStatus.READY)
    assert f'hx-get="{address}"' not in text_of(browse("ada"), run)


def test_the_figures_of_another_field_are_of_new_sky(browse, run, application):
    new = {"right": 30, "of": 40, "value": 0.75, "low": 0.6, "high": 0.86}
    verdict = {
        "shares": [{"name": "all classes", "new": new}],
        "reasons": [],
        "judged": True,
        "control_labels": {"unsettled": 5, "bounds": [0.67, 0.78]},
    }
    Application.objects.update(status=RunStatus.READY, verdict=verdict)
    run.basis = {"trained_fields": ["ngc1"]}
    run.save()
    text = text_of(browse("ada"), run)
    assert "the figures are of another field, whose overlap with the training" in text
    verdict["training_overlap"] = {"near": 0, "unknown": 0, "of": 40, "width_px": 50}
    Application.objects.update(verdict=verdict)
    assert "40 control labels; the figures are of new sky</td>" in text_of(browse("ada"), run)
    verdict["training_overlap"]["near"] = 3
    Application.objects.update(verdict=verdict)
    assert "the figures are of new sky, except that 3 of 40 candidates" in text_of(
        browse("ada"), run
    )
    assert "60 % – 86 %" in text
    assert "with 5 unsettled: 67 % – 78 %" in text


def test_with_too_few_labels_to_judge_a_person_decides(browse, run, application):
    new = {"right": 9, "of": 12, "value": 0.75, "low": 0.4, "high": 0.9}
    verdict = {"shares": [{"name": "all classes", "new": new}], "reasons": [], "judged": False}
    Application.objects.update(status=RunStatus.READY, verdict=verdict)
    text = text_of(browse("ada"), run)
    assert "12 control labels, too few to judge: a person decides" in text


def test_without_control_labels_a_person_decides(browse, run, application):
    Application.objects.update(status=RunStatus.READY)
    text = text_of(browse("admin"), run)
    assert "no control label yet: a person decides" in text
    assert "Promote in ngc2" in text


def test_buttons_cancel_resume_and_promote(browse, run, application):
    client = browse("admin")
    for verb, status in (("cancel", "cancelled"), ("resume", "queued")):
        client.post(f"/applications/{application.pk}/{verb}/")
        application.refresh_from_db()
        assert application.status == status
    Application.objects.update(status=RunStatus.READY)
    client.post(f"/applications/{application.pk}/promote/")
    application.field.refresh_from_db()
    assert application.field.promoted_run == run


def test_an_imported_network_offers_no_form(browse, run):
    TrainingRun.objects.update(external="StarcNet", outcome={"file": "a.tab"})
    text = text_of(browse("admin"), run)
    assert "This network was trained elsewhere and is not here" in text


def test_exports_say_that_calibration_is_not_measured_where_a_run_was_only_applied(
    browse, run, people
):
    calibrate_run(run)
    run.promote_unjudged(by=people["admin"])
    sentence = "whether its probabilities are calibrated here is not measured"
    assert sentence not in browse("cur").get("/exports/").content.decode()
    Field.objects.filter(pk=make_field("ngc2").pk).update(promoted_run=run)
    text = browse("cur").get("/exports/").content.decode()
    assert text.count(sentence) == 1
    assert "It was only applied to ngc2" in text
