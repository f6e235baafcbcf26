"""The task that runs an experiment arm by arm, and continues after an interruption."""

import json
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from django.utils import timezone

from celery_worker.experiments import experiment_arms
from celery_worker.tasks import experiment as run_experiment
from celery_worker.tasks import sweep
from classifier import experiments
from classifier.core.experiment_kinds import ExperimentKind
from labeling.models import Experiment, Prediction, ReferenceLabel, RunStatus, job
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.requests import request_experiment
from tests.labeling.world import make_field, settle

pytestmark = pytest.mark.beside("postgresql")

# Two networks of one batch on small images: all real steps in seconds.
TINY = {"members": 2, "batches": 1, "batch_size": 4, "input_px": 32, "pretrained": False}
SOURCE = "LEGUS, mode of three"


@pytest.fixture
def labelled(imported, ada, bea, cy):
    """A field of which all candidates are labelled, by votes and by a catalogue."""
    imported.candidates.update(control=False)
    imported.candidates.filter(pk__in=imported.candidates.all()[:2]).update(control=True)
    for number, candidate in enumerate(imported.candidates.all()):
        settle(candidate, [ada, bea, cy], 1 + number % 2)
        ReferenceLabel.objects.create(candidate=candidate, source=SOURCE, label=1 + number % 2)
    return imported


@pytest.fixture
def comparison(labelled, admin):
    """A queued experiment of two arms."""
    sources = [CONSENSUS, LabelSource(SOURCE)]
    options = {"fields": [labelled], "sources": sources, "overrides": TINY}
    return request_experiment(admin, "sources", "quick", **options)


def weights(experiment):
    """Modification time of each member's weights, by path."""
    arms = experiment.directory / "arms"
    result = sorted(arms.glob("*/member-*.safetensors"))
    return {str(path.relative_to(arms)): path.stat().st_mtime_ns for path in result}


def crash(*_, **__):
    """End like a killed worker: no handler runs."""
    raise SystemExit


def break_in_the_second_arm(monkeypatch, how):
    """Let `how` replace the training of the second arm."""
    real = experiments.train

    def train(config, manifest, folder, report, **more):
        return (real if folder.name == "votes" else how)(config, manifest, folder, report, **more)

    monkeypatch.setattr(experiments, "train", train)


def test_it_compares_the_arms_and_reports(comparison):
    run_experiment(comparison.pk)
    comparison.refresh_from_db()
    assert (comparison.status, comparison.error) == (RunStatus.READY, "")
    report = comparison.report
    assert list(report["differs"]) == ["training_set_sha256"]
    assert report["same"]["members"] == 2
    assert [arm["name"] for arm in report["arms"]] == ["votes", "legus-mode-of-three"]
    assert [arm["evaluation"]["count"] for arm in report["arms"]] == [2, 2]
    assert report["arms"][1]["against_first"]["count"] == 2
    assert [len(row) for row in report["judged_by_each"]["accuracy"]] == [2, 2]
    assert comparison.progress["arms"] == 2
    written = json.loads((comparison.directory / "report.json").read_text())
    assert written == {name: value for name, value in report.items() if name != "figures"}
    assert report["figures"] == ["arms", "arms-members"]
    files = {path.name for path in comparison.figures_directory.iterdir()}
    assert files >= {f"arms.{ending}" for ending in ("pdf", "png", "svg", "csv")}


def test_it_stores_no_predictions_and_is_never_promoted(comparison, labelled):
    run_experiment(comparison.pk)
    labelled.refresh_from_db()
    assert labelled.promoted_run is None
    assert not Prediction.objects.exists()


def test_arms_on_one_training_set_differ_in_the_settings_of_their_kind(labelled, admin):
    options = {"fields": [labelled], "overrides": {**TINY, "members": 1}}
    filters = request_experiment(admin, "filters", "quick", **options)
    run_experiment(filters.pk)
    filters.refresh_from_db()
    assert filters.error == ""
    assert set(filters.report["differs"]) == {"blanked", "zeroed_in_prediction"}
    networks = [arm["networks_of"] for arm in filters.report["arms"]]
    assert networks == ["", *["all"] * 5, *[""] * 5]
    assert filters.arms == networks.count("")


def test_a_field_left_out_shares_sky_with_the_fields_that_were_trained_on(labelled, sky, admin):
    """Control candidates are far from trained ones; one of the other field is moved to one."""
    other = sky.imported("ngc2000")
    source = LabelSource(SOURCE)
    for number, candidate in enumerate(other.candidates.all()):
        ReferenceLabel.objects.create(candidate=candidate, source=SOURCE, label=1 + number % 2)
    control = other.candidates.in_play().filter(control=True)
    assert control.count() == 2
    trained = labelled.candidates.in_play().filter(control=False).first()
    moved = other.candidates.filter(pk=control.first().pk)
    moved.update(ra=trained.ra + 1 / 3600, dec=trained.dec)
    options = {"fields": [labelled, other], "sources": [source], "overrides": TINY}
    experiment = request_experiment(admin, "fields", "quick", **options)
    run_experiment(experiment.pk)
    experiment.refresh_from_db()
    assert experiment.error == ""
    overlap = experiment.report["training_overlap"]["ngc2000"]
    assert (overlap["near"], overlap["unknown"], overlap["of"]) == (1, 0, 2)
    assert overlap["width_px"] == 32


@pytest.mark.parametrize("kind", ExperimentKind)
def test_it_has_the_announced_number_of_arms(labelled, admin, kind):
    """One of the three fields has no label, and is not left out in turn."""
    second_field = make_field("ngc2", candidates=80)
    make_field("ngc3")
    for number, candidate in enumerate(second_field.candidates.all()):
        ReferenceLabel.objects.create(candidate=candidate, source=SOURCE, label=1 + number % 2)
    source = LabelSource(SOURCE)
    sources = [CONSENSUS, source] if kind == ExperimentKind.SOURCES else [source]
    result = request_experiment(admin, kind, "quick", sources=sources)
    assert len({arm.trained_in for arm in experiment_arms(result)}) == result.arms


def test_after_a_crash_it_continues_in_the_second_arm(comparison, monkeypatch):
    with monkeypatch.context() as broken:
        break_in_the_second_arm(broken, crash)
        with pytest.raises(SystemExit):
            run_experiment(comparison.pk)
    before = weights(comparison)
    assert list(before) == ["votes/member-00.safetensors", "votes/member-01.safetensors"]
    # No end was recorded: the sweep finds its heartbeat silent.
    comparison.refresh_from_db()
    assert comparison.status == RunStatus.RUNNING
    Experiment.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=4))
    sweep()
    run_experiment(comparison.pk)
    comparison.refresh_from_db()
    assert (comparison.status, len(comparison.report["arms"])) == (RunStatus.READY, 2)
    assert {name: weights(comparison)[name] for name in before} == before


def test_after_a_failure_it_continues_when_it_is_resumed(comparison, monkeypatch):
    def full(*_, **__):
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        break_in_the_second_arm(broken, full)
        with pytest.raises(OSError, match="No space"):
            run_experiment(comparison.pk)
    comparison.refresh_from_db()
    assert comparison.status == RunStatus.FAILED
    assert "No space left on device" in comparison.error
    before = weights(comparison)
    comparison.resume()
    run_experiment(comparison.pk)
    comparison.refresh_from_db()
    assert (comparison.status, comparison.error) == (RunStatus.READY, "")
    assert {name: weights(comparison)[name] for name in before} == before


def test_it_stops_if_it_is_cancelled_in_its_second_arm(comparison, monkeypatch):
    def cancelled_meanwhile(config, manifest, folder, report, **more):
        Experiment.objects.get(pk=comparison.pk).cancel()
        return real(config, manifest, folder, report, **more)

    # More than a second from one report to the next: all are written.
    clock = SimpleNamespace(monotonic=count(10, 2).__next__)
    monkeypatch.setattr(job, "time", clock)
    real = experiments.train
    break_in_the_second_arm(monkeypatch, cancelled_meanwhile)
    run_experiment(comparison.pk)
    comparison.refresh_from_db()
    assert (comparison.status, comparison.report) == (RunStatus.CANCELLED, {})
    assert not (comparison.directory / "report.json").exists()


def test_a_second_delivery_changes_nothing(comparison, monkeypatch):
    run_experiment(comparison.pk)
    comparison.refresh_from_db()
    run_experiment(comparison.pk)
    repeated = Experiment.objects.get()
    assert (repeated.finished_at, repeated.started_at) == (
        comparison.finished_at,
        comparison.started_at,
    )


def test_a_missing_row_is_no_error(db):
    assert run_experiment(10**6) is None


def test_it_refuses_a_training_set_that_was_changed(comparison):
    path = comparison.training_set_path("legus-mode-of-three")
    path.write_text(path.read_text() + "\n")
    run_experiment(comparison.pk)
    comparison.refresh_from_db()
    assert comparison.status == RunStatus.FAILED
    assert "was changed after its snapshot was taken; queue a new experiment" in comparison.error
    assert weights(comparison) == {}


def test_it_names_an_invalid_setting(comparison):
    Experiment.objects.update(overrides={"members": 0})
    run_experiment(comparison.pk)
    comparison.refresh_from_db()
    assert comparison.error.endswith("members must be 1 to 100, not 0.")
