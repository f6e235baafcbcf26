"""Experiment: a request with a run's life, on labels that are frozen source by source."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.utils import timezone

from classifier.core.experiment_kinds import NotFeasible
from labeling.models import Candidate, Experiment, ReferenceLabel, RunCancelled, RunStatus
from labeling.rules.conflicts import JobConflict, TooFewClasses
from labeling.training.label_source import LabelSource
from labeling.training.requests import request_experiment
from tests.labeling.world import make_experiment, make_field, only_sample, vote

SOURCE = "LEGUS, mode of three"


def named(names):
    """Label sources of these names."""
    return [LabelSource(name) for name in names]


def publish(field, source=SOURCE, labels=(1, 2, 3)):
    """Reference labels of all candidates, in turn."""
    for k, candidate in enumerate(field.candidates.all()):
        label = labels[k % len(labels)]
        ReferenceLabel.objects.create(candidate=candidate, source=source, label=label)


@pytest.fixture
def published(field):
    """Every candidate is in the pool and has a published class."""
    publish(only_sample(field, control=False))
    return field


@pytest.fixture
def claimed(published, admin):
    experiment = request_experiment(admin, "crop-size", "quick", sources=named([SOURCE]))
    return Experiment.objects.claim(experiment.pk)


def nothing_is_left(settings):
    return not Experiment.objects.exists() and list(settings.EXPERIMENTS.iterdir()) == []


def test_a_request_stores_a_snapshot_of_each_source(published, admin, ada):
    for label, candidate in enumerate(published.candidates.all()[:3], 1):
        vote(candidate, ada, label)
    sources = [SOURCE, "expert:ada"]
    experiment = request_experiment(admin, "sources", "quick", sources=named(sources))
    ReferenceLabel.objects.all().delete()
    assert (experiment.status, list(experiment.fields.all())) == (RunStatus.QUEUED, [published])
    assert (experiment.label_sources, experiment.arms, experiment.personal) == (
        named(sources),
        2,
        True,
    )
    legus, own = experiment.training_sets
    assert [legus["name"], own["name"]] == ["legus-mode-of-three", "expert-ada"]
    assert legus["label_counts"]["train"] == {"1": 2, "2": 2, "3": 2}
    assert own["label_counts"]["train"] == {"1": 1, "2": 1, "3": 1}
    for one in experiment.training_sets:
        path = experiment.training_set_path(one["name"])
        assert sha256(path.read_bytes()).hexdigest() == one["sha256"]


def test_sources_with_similar_names_have_different_files(published, admin):
    for source in ("LEGUS mode of three", "巡天"):
        publish(published, source)
    sources = [SOURCE, "LEGUS mode of three", "巡天"]
    experiment = request_experiment(admin, "sources", "quick", sources=named(sources))
    names = [one["name"] for one in experiment.training_sets]
    assert names == ["legus-mode-of-three", "legus-mode-of-three-2", "source"]


@pytest.mark.parametrize(
    ("kind", "sources", "about", "why"),
    [
        ("fields", [SOURCE], "fields", "at least two fields"),
        ("labels", [SOURCE], "kind", "more than 50 labels in the training pool, and there are 6"),
        ("sources", [SOURCE], "label_sources", "two of them or more"),
        ("sources", [SOURCE, SOURCE], "label_sources", "named twice"),
        ("sources", [SOURCE, "nobody"], "label_sources", "'nobody' is unknown; there are"),
        ("filters", ["expert:ada"], "label_sources", "'expert:ada' is unknown"),
        ("filters", [SOURCE, "Smith"], "label_sources", "name one"),
        ("filters", [], "label_sources", "Name a label source"),
    ],
)
def test_it_refuses_an_invalid_request(published, admin, ada, settings, kind, sources, about, why):
    publish(published, "Smith")
    with pytest.raises(NotFeasible, match=why) as refused:
        request_experiment(admin, kind, "quick", sources=named(sources))
    assert refused.value.about == about
    assert nothing_is_left(settings)


def test_too_few_labels_of_one_source_leave_nothing(published, admin, settings):
    publish(published, "one class", labels=[4])
    with pytest.raises(TooFewClasses, match="“one class” gives only class 4"):
        request_experiment(admin, "sources", "quick", sources=named([SOURCE, "one class"]))
    assert nothing_is_left(settings)


def test_the_labels_without_any_one_field_must_be_enough_to_train_on(published, admin, settings):
    other = only_sample(make_field("ngc2"), control=False)
    publish(other, labels=[4])
    for field in (published, other):
        Candidate.objects.filter(pk=field.candidates.last().pk).update(control=True)
    with pytest.raises(TooFewClasses, match="gives only class 4 without ngc1"):
        request_experiment(admin, "fields", "quick", sources=named([SOURCE]))
    assert nothing_is_left(settings)
    ReferenceLabel.objects.filter(candidate=other.candidates.first()).update(label=2)
    assert request_experiment(admin, "fields", "quick", sources=named([SOURCE])).arms == 2


def test_a_learning_curve_doubles(admin):
    publish(only_sample(make_field("many", candidates=220), control=False))
    experiment = request_experiment(admin, "labels", "quick", sources=named([SOURCE]))
    # 50, 100, 200 and 220.
    assert experiment.arms == 4


def test_the_settings_decide_the_number_of_members(published, admin):
    def members(preset, **overrides):
        options = {"sources": named([SOURCE]), "overrides": overrides}
        return request_experiment(admin, "filters", preset, **options).members

    assert members("quick") == 3
    assert members("paper-resnet18") == 10
    assert members("starcnet", members=2) == 2


def test_one_worker_claims_it_and_stores_the_report(claimed):
    assert Experiment.objects.claim(claimed.pk) is None
    claimed.record({"arm": "25-px", "arm_number": 1, "loss": float("nan")})
    claimed.refresh_from_db()
    assert claimed.progress == {"arm": "25-px", "arm_number": 1, "loss": None}
    assert claimed.succeed({"arms": [], "figures": ["arms"]})
    claimed.refresh_from_db()
    assert (claimed.status, claimed.figures) == (RunStatus.READY, ["arms"])


def test_a_cancelled_experiment_stops_its_worker_and_stores_no_report(claimed):
    Experiment.objects.get(pk=claimed.pk).cancel()
    with pytest.raises(RunCancelled, match="experiment"):
        claimed.record({"arm_number": 2})
    assert not claimed.succeed({"arms": []})
    claimed.refresh_from_db()
    assert (claimed.status, claimed.report) == (RunStatus.CANCELLED, {})


def test_an_experiment_of_a_silent_worker_is_queued_again(claimed):
    Experiment.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    assert Experiment.objects.requeue_lost() == [claimed.pk]
    assert Experiment.objects.claim(claimed.pk)
    with pytest.raises(RunCancelled):
        claimed.record({"arm_number": 2})


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_a_stopped_experiment_can_be_resumed(claimed, end):
    claimed.fail("no space left on device") if end == "fail" else claimed.cancel()
    claimed.resume()
    assert (claimed.status, claimed.error, claimed.finished_at) == (RunStatus.QUEUED, "", None)
    assert Experiment.objects.claim(claimed.pk)


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.READY])
def test_an_active_experiment_cannot_be_resumed(field, admin, status):
    experiment = make_experiment(field, admin, status=status)
    with pytest.raises(JobConflict, match=f"cannot be resumed: it is {status}"):
        experiment.resume()


def test_experiments_on_one_experts_votes_are_for_curators(field, admin, ada, cur):
    open_one = make_experiment(field, admin)
    personal = make_experiment(field, admin, sources=["votes", "expert:bea"], kind="sources")
    assert list(Experiment.objects.open_to(ada)) == [open_one]
    assert list(Experiment.objects.open_to(cur)) == [personal, open_one]
