"""Leases and reports of workers go by the database's clock, and bear with one that was wrong."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from labeling.db.clock import database_now
from labeling.models import Lease, Refresh, TrainingRun, Vote
from labeling.models.job import RunStatus
from labeling.models.member import Member
from labeling.training.retraining import QUIET, _has_recent_votes
from tests.labeling.world import lease_next, make_field, make_run, vote

TWO_DAYS = timedelta(days=2)


@pytest.fixture
def field(db):
    return make_field(candidates=1, votes_needed=1)


@pytest.fixture
def running(field, admin):
    run = make_run(field, admin, status=RunStatus.QUEUED)
    return TrainingRun.objects.claim(run.pk)


@pytest.fixture
def host_ahead(monkeypatch):
    """A function that sets this host's clock two days ahead of the database's, or back."""
    if database_now() - timezone.now() > timedelta(minutes=1):
        pytest.fail("The clocks differ already.")
    now = timezone.now

    def set_ahead(ahead=TWO_DAYS):
        monkeypatch.setattr(timezone, "now", lambda: now() + ahead)

    return set_ahead


def shift(rows, by, *columns):
    """Times of these rows, as a clock that was ahead by this time would have written them."""
    rows.update(**{column: F(column) + by for column in columns})


def minutes_left(lease):
    return (lease.expires_at - timezone.now()) / timedelta(minutes=1)


def test_a_vote_is_cast_and_retracted_by_the_databases_clock(field, ada, host_ahead):
    candidate = field.candidates.get()
    host_ahead()
    first, second = vote(candidate, ada, 1), vote(candidate, ada, 2)
    second.retract()
    host_ahead(timedelta())
    first.refresh_from_db()
    second.refresh_from_db()
    times = [first.cast_at, first.retracted_at, second.cast_at, second.retracted_at]
    assert max(times) - timezone.now() < timedelta(minutes=1)
    assert first.cast_at <= second.cast_at <= second.retracted_at


def test_a_lease_lasts_for_its_time_whatever_the_hosts_clock(field, ada, host_ahead):
    host_ahead()
    lease_next(field, ada, 1)
    host_ahead(timedelta())
    lease = Lease.objects.get()
    assert 9 < minutes_left(lease) <= 10
    host_ahead()
    lease.skip()
    host_ahead(timedelta())
    assert Lease.objects.get().skipped_at < timezone.now() + timedelta(seconds=1)


def test_a_host_that_is_ahead_takes_nothing_from_others(field, ada, bea, host_ahead):
    (lease,) = lease_next(field, ada, 1)
    host_ahead()
    assert lease_next(field, bea, 1) == []
    assert Lease.objects.live().get() == lease


@pytest.mark.parametrize("renewed", [False, True])
def test_a_lease_from_the_future_blocks_nobody(field, ada, bea, renewed):
    (lease,) = lease_next(field, ada, 1)
    started = () if renewed else ("leased_at",)
    shift(Lease.objects, TWO_DAYS, "renewed_at", "expires_at", *started)
    assert not lease.extend()
    assert [other.candidate for other in lease_next(field, bea, 1)] == [lease.candidate]


def test_its_holder_gets_the_candidate_again_and_votes(field, ada):
    (lease,) = lease_next(field, ada, 1)
    shift(Lease.objects, TWO_DAYS, "leased_at", "renewed_at", "expires_at")
    (again,) = lease_next(field, ada, 1)
    assert again.candidate == lease.candidate
    assert minutes_left(Lease.objects.get()) <= 10
    assert not vote(lease.candidate, ada).surplus


def test_a_lease_that_a_clock_ahead_has_extended_can_be_voted_on(field, ada):
    (lease,) = lease_next(field, ada, 1)
    shift(Lease.objects, TWO_DAYS, "renewed_at", "expires_at")
    assert vote(lease.candidate, ada).is_live


def test_a_clock_that_is_set_back_by_seconds_ends_no_lease(field, ada):
    (lease,) = lease_next(field, ada, 1)
    shift(Lease.objects, timedelta(seconds=10), "leased_at", "renewed_at", "expires_at")
    assert lease.extend()


def test_a_worker_ahead_reports_at_the_databases_time(running, host_ahead):
    host_ahead()
    running.record({"stage": "prepare"})
    host_ahead(timedelta())
    running.refresh_from_db()
    assert abs(running.heartbeat_at - timezone.now()) < timedelta(minutes=1)


def test_a_host_ahead_takes_no_run_from_its_worker(running, host_ahead):
    host_ahead()
    assert TrainingRun.objects.requeue_lost() == []
    assert running.silence is None


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_report_from_the_future_is_as_lost_as_one_of_long_ago(running, sign):
    shift(TrainingRun.objects, sign * TWO_DAYS, "heartbeat_at")
    assert TrainingRun.objects.requeue_lost() == [running.pk]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_member_with_a_report_from_the_future_passes_to_another(running, sign):
    Member.objects.create(run=running, number=0, worker="elsewhere:1")
    assert not Member.objects.orphaned().exists()
    shift(Member.objects, sign * TWO_DAYS, "heartbeat_at")
    assert Member.objects.orphaned().get().pass_to("here:1")
    assert Member.objects.in_training().get().worker == "here:1"


def test_a_vote_from_the_future_does_not_put_a_training_off(field, running, ada):
    vote(field.candidates.get(), ada)
    assert _has_recent_votes(running)
    shift(Vote.objects, TWO_DAYS, "cast_at")
    assert not _has_recent_votes(running)
    shift(Vote.objects, -TWO_DAYS - QUIET, "cast_at")
    assert not _has_recent_votes(running)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_refresh_claimed_in_the_future_is_free(field, running, monkeypatch, sign):
    monkeypatch.setattr("labeling.models.refresh._refreshable_fields", lambda **_: [field])
    monkeypatch.setattr("labeling.models.refresh._promoted_run", lambda _: running)
    monkeypatch.setattr(Refresh, "is_due", True)
    monkeypatch.setattr(TrainingRun, "n_training_labels", 0)
    assert Refresh.objects.claim(field.pk)
    assert Refresh.objects.claim(field.pk) is None
    shift(Refresh.objects, sign * TWO_DAYS, "claimed_at")
    assert Refresh.objects.claim(field.pk)
