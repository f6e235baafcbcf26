"""/admin/: every table to look at, rules to change, and the action that trains anew."""

from http import HTTPStatus

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import transaction
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse

from classifier.core.config import Preset
from labeling.auth.roles import Role, give_role, role_of
from labeling.models import (
    CatalogueImport,
    Consensus,
    Field,
    ReferenceLabel,
    TrainingRun,
    VoteImport,
)
from tests.labeling.world import lease_to, make_experiment, make_run, promote, settle

TABLES = [model._meta.model_name for model in apps.get_app_config("labeling").get_models()]

RULES = {
    "galaxy": "NGC 1",
    "votes_needed": 3,
    "min_observed": 4,
    "min_detected": 4,
    "control_share": 0.2,
    "repeat_share": 0,
    "refresh_after": 10,
    "retrain_after": 0,
    "strategy": "entropy",
    "split": "random",
    "cold_start": "random",
    "lease_minutes": 10,
    "north_deg": 0,
}


@pytest.fixture
def root(django_user_model, db):
    return django_user_model.objects.create_superuser("root", password="root")


@pytest.fixture
def as_root(root, settings):
    # The admin's own files are collected when the site is served, not for a test.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    client = Client()
    client.force_login(root)
    return client


def act(client, model, action, *rows):
    """Choose rows of a list and an action."""
    url = reverse(f"admin:labeling_{model}_changelist")
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(url, body, follow=True)


# Whoever reads a session's key is signed in as its account.
TABLES = {m._meta.model_name for m in apps.get_app_config("labeling").get_models()} - {"session"}


@pytest.mark.parametrize("model", sorted(TABLES))
def test_every_table_has_a_page(as_root, root, field, candidate, ada, bea, cy, model):
    settle(candidate, [ada, bea, cy])
    candidate.adjudicate(root, 1, "seen")
    lease_to(candidate, ada, "pool")
    ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=1)
    promote(field, root, {candidate.pk: 0.5})
    make_experiment(field, root)
    url = reverse(f"admin:labeling_{model}_changelist")
    assert as_root.get(url).status_code == HTTPStatus.OK
    row = apps.get_model("labeling", model).objects.first()
    if row is not None:
        change = reverse(f"admin:labeling_{model}_change", args=[row.pk])
        assert as_root.get(change).status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    "model", ["vote", "consensus", "prediction", "candidate", "trainingrun", "experiment"]
)
def test_rows_of_votes_and_runs_cannot_be_added_by_hand(as_root, model):
    url = reverse(f"admin:labeling_{model}_add")
    assert as_root.get(url).status_code == HTTPStatus.FORBIDDEN


def test_a_change_of_the_votes_needed_updates_the_consensus(as_root, field, candidate, ada, bea):
    settle(candidate, [ada, bea], 2)
    url = reverse("admin:labeling_field_change", args=[field.pk])
    assert as_root.post(url, {**RULES, "votes_needed": 2}).status_code == HTTPStatus.FOUND
    assert Field.objects.get().votes_needed == 2
    assert Consensus.objects.get().label == 2


def test_a_change_of_the_band_rule_sets_candidates_aside_and_back(as_root, field, candidate):
    url = reverse("admin:labeling_field_change", args=[field.pk])
    field.candidates.filter(pk=candidate.pk).update(observed="B V I")
    for least, reason in ((4, "observed in 3 of 5 filters"), (3, "")):
        Field.objects.update(min_observed=5)
        as_root.post(url, {**RULES, "min_observed": least})
        candidate.refresh_from_db()
        assert (candidate.set_aside, candidate.open) == (reason, not reason)


def test_a_promotion_during_a_change_of_the_rules_is_kept(as_root, root, field):
    run = make_run(field, root)

    def meanwhile(**_):
        Field.objects.update(promoted_run=run)

    # After the form was filled from the row, and before the row is written.
    pre_save.connect(meanwhile, Field)
    try:
        as_root.post(reverse("admin:labeling_field_change", args=[field.pk]), RULES)
    finally:
        pre_save.disconnect(meanwhile, Field)
    field.refresh_from_db()
    assert (field.strategy, field.promoted_run) == ("entropy", run)


def test_the_action_trains_on_the_chosen_fields(as_root, root, field, ada, bea, cy):
    field.candidates.update(control=False)
    for candidate, label in zip(field.candidates.all(), [1, 4], strict=False):
        settle(candidate, [ada, bea, cy], label)
    response = act(as_root, "field", "retrain", field)
    run = TrainingRun.objects.get()
    assert (run.requested_by, run.preset, list(run.fields.all())) == (root, Preset.QUICK, [field])
    assert f"Run {run.pk} is queued." in response.content.decode()


def test_the_action_reports_why_it_cannot_train(as_root, field):
    response = act(as_root, "field", "retrain", field)
    assert "at least two classes" in response.content.decode()
    assert not TrainingRun.objects.exists()


def test_the_action_repeats_a_run_on_the_present_labels(as_root, root, field, ada, bea, cy):
    field.candidates.update(control=False)
    for candidate, label in zip(field.candidates.all(), [1, 4], strict=False):
        settle(candidate, [ada, bea, cy], label)
    run = make_run(field, root)
    TrainingRun.objects.update(overrides={"members": 2})
    act(as_root, "trainingrun", "retrain", run)
    again = TrainingRun.objects.exclude(pk=run.pk).get()
    assert (again.overrides, list(again.fields.all())) == ({"members": 2}, [field])


def test_the_action_does_not_train_an_imported_network(as_root, root, field):
    run = make_run(field, root)
    TrainingRun.objects.update(external="StarcNet", preset="")
    response = act(as_root, "trainingrun", "retrain", run)
    assert "was imported and cannot be trained here" in response.content.decode()
    assert TrainingRun.objects.count() == 1


def test_the_actions_need_the_permission_to_change(as_root, root, field, cur, ada, bea, cy):
    field.candidates.update(control=False)
    for candidate, label in zip(field.candidates.all(), [1, 4], strict=False):
        settle(candidate, [ada, bea, cy], label)
    run = make_run(field, root)
    cur.is_staff = True
    cur.save()
    cur.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    as_root.force_login(cur)
    for model, row in (("field", field), ("trainingrun", run)):
        act(as_root, model, "retrain", row)
    assert TrainingRun.objects.count() == 1


def test_the_action_takes_imported_votes_back(as_root, root, field, candidate, ada):
    settle(candidate, [ada])
    record = VoteImport.objects.create(field=field, file_name="votes.csv", fingerprint="0")
    candidate.votes.update(vote_import=record)
    act(as_root, "voteimport", "take_back", record)
    record.refresh_from_db()
    assert record.taken_back_by == root
    assert not candidate.votes.live().exists()
    assert Consensus.objects.get(candidate=candidate).n_votes == 0


def test_taking_votes_back_needs_an_administrator(as_root, field, candidate, ada, cur):
    settle(candidate, [ada])
    record = VoteImport.objects.create(field=field, file_name="votes.csv", fingerprint="0")
    candidate.votes.update(vote_import=record)
    cur.is_staff = True
    cur.save()
    client = Client()
    client.force_login(cur)
    act(client, "voteimport", "take_back", record)
    assert candidate.votes.live().exists()


def test_predictions_of_control_candidates_are_listed_after_a_ruling(as_root, root, field):
    field.candidates.update(control=False)
    first, second = field.candidates.all()[:2]
    field.candidates.filter(pk=first.pk).update(control=True)
    run = make_run(field, root, {first.pk: 0.5, second.pk: 0.6})
    url = reverse("admin:labeling_prediction_changelist")
    hidden = run.predictions.get(candidate=first)
    change = reverse("admin:labeling_prediction_change", args=[hidden.pk])
    assert as_root.get(url).context["cl"].result_count == 1
    assert as_root.get(change).status_code == HTTPStatus.FOUND
    first.adjudicate(root, 3, "two peaks")
    assert as_root.get(url).context["cl"].result_count == 2
    assert as_root.get(change).status_code == HTTPStatus.OK


def test_an_import_that_begins_after_the_check_of_the_form_keeps_the_split(as_root):
    field = Field.objects.create(name="new", galaxy="NEW")
    url = reverse("admin:labeling_field_changelist")
    request = as_root.get(url).wsgi_request
    fields = site._registry[Field]
    form = fields.get_form(request, field)(RULES | {"split": "cells"}, instance=field)
    assert form.is_valid(), form.errors
    CatalogueImport.objects.create(
        field=field, file_name="a.csv", fingerprint="a", origin=1, rows=0, pack="a"
    )
    with transaction.atomic():
        fields.save_model(request, form.instance, form, change=True)
    field = Field.objects.get(pk=field.pk)
    assert (field.split, field.galaxy) == ("random", "NGC 1")
    assert any("split" in str(message) for message in get_messages(request))


ACCOUNT = {"username": "vera", "usable_password": "true"}
ACCOUNT |= dict.fromkeys(("password1", "password2"), "correct horse battery")


@pytest.fixture
def as_administrator(admin, as_root):
    """The browser of an administrator who is no superuser."""
    give_role(admin, Role.ADMINISTRATOR)
    client = Client()
    client.force_login(admin)
    return client


@pytest.mark.parametrize("role", [*Role, ""])
def test_an_account_gets_its_role_where_it_is_made(as_administrator, role):
    add = reverse("admin:auth_user_add")
    assert "also adjudicates ties" in as_administrator.get(add).content.decode()
    assert as_administrator.post(add, {**ACCOUNT, "role": role}).status_code == HTTPStatus.FOUND
    vera = User.objects.get(username="vera")
    assert (role_of(vera) or "", vera.is_staff) == (role, role == "administrator")
    assert Client().login(username="vera", password="correct horse battery")


def test_the_role_of_an_account_is_changed(as_administrator, ada):
    url = reverse("admin:auth_user_change", args=[ada.pk])
    form = as_administrator.get(url).context["adminform"].form
    assert form["role"].initial == "expert"
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    body = {"username": "ada", "is_active": "on", **dates, "role": "curator"}
    assert as_administrator.post(url, body).status_code == HTTPStatus.FOUND
    assert role_of(User.objects.get(username="ada")) == Role.CURATOR
    listed = as_administrator.get(reverse("admin:auth_user_changelist")).content.decode()
    assert "curator" in listed


def test_administrators_get_no_rights_beyond_their_role(as_administrator, root, admin):
    change = reverse("admin:auth_user_change", args=[root.pk])
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    for url in (change, password):
        assert as_administrator.post(url, {"username": "x"}).status_code == HTTPStatus.FORBIDDEN
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    body = {"username": "admin", "is_active": "on", "is_staff": "on", **dates}
    body |= {"role": "administrator", "is_superuser": "on"}
    as_administrator.post(reverse("admin:auth_user_change", args=[admin.pk]), body)
    assert not User.objects.get(username="admin").is_superuser


def test_other_staff_see_no_accounts(as_root, ada):
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=ada.pk))
    for page in ("changelist", "add"):
        url = reverse(f"admin:auth_user_{page}")
        assert client.get(url).status_code == HTTPStatus.FORBIDDEN
