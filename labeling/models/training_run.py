"""Training runs: requests to train, as rows with a lifecycle; the message only wakes a worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from classifier.core.classes import PROBABILITY_COLUMNS
from classifier.core.config import PRESETS, Preset
from classifier.core.training_set import TRAIN
from labeling import jobs
from labeling.db.bulk import batches
from labeling.evaluation.control_labels import ControlLabels, control_labels
from labeling.evaluation.control_summary import ControlSummary
from labeling.files import run_folders
from labeling.files.json_values import nonfinite_to_none
from labeling.files.stored_files import DamagedFile, read_run_config, training_set_labels
from labeling.models.candidate import Candidate
from labeling.models.field import Field
from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.job import FINISHED, RunStatus
from labeling.models.prediction import Prediction
from labeling.models.promotion import NotReady, Promotion, RefusedByGate
from labeling.models.shared_run import SharedRun
from labeling.models.training_run_queryset import TrainingRunQueries
from labeling.rules import gate
from labeling.rules.figure_question import FigureScope, scopes_of
from labeling.rules.gate_comparison import MIN_LABELS
from labeling.rules.prediction_arrays import PredictionArrays
from labeling.rules.run_calibration import RunCalibration
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.snapshot import TrainingSnapshot

_NO_PREDICTION = (nan,) * 4
"""Probabilities of a run that has no prediction for a candidate."""


class TrainingRunQuerySet(TrainingRunQueries["TrainingRun"]):
    """Queries about training runs, and the methods that make them."""

    @transaction.atomic
    def request(
        self,
        requested_by: User,
        preset: str,
        snapshot: TrainingSnapshot,
        *,
        fields: Iterable[Field],
        source: LabelSource = CONSENSUS,
        overrides: Mapping[str, Any] | None = None,
        automatic: bool = False,
        key: IdempotencyKey | None = None,
    ) -> TrainingRun:
        """Queue a run on this snapshot of the labels of fields.

        The same request before a worker has started is one request: the queued run gets the new
        snapshot.
        """
        configuration = {
            "preset": preset,
            "label_source": source.text,
            "overrides": dict(overrides or {}),
        }
        locked = Field.objects.lock_rows(fields)
        run = self._queued(locked, configuration) or self.create(
            requested_by=requested_by, automatic=automatic, **configuration
        )
        run.fields.set(locked)
        if key:
            key.record(run)
        run.keep(snapshot)
        jobs.send_on_commit(jobs.TRAIN, run.pk)
        return run

    def _queued(
        self, fields: Iterable[Field], configuration: Mapping[str, Any]
    ) -> TrainingRun | None:
        """Return the run of this configuration that no worker has started, locked."""
        # A resumed run has members that learnt from the labels of its start.
        queued = self.filter(status=RunStatus.QUEUED, attempts=0, started_at=None, **configuration)
        pks = {field.pk for field in fields}
        for run in queued.select_for_update():
            if set(run.fields.values_list("pk", flat=True)) == pks:
                return run
        return None

    @transaction.atomic
    def import_predictions(
        self,
        network: str,
        field: Field,
        predictions: PredictionArrays,
        source: Mapping[str, Any],
        by: User,
    ) -> tuple[TrainingRun, bool]:
        """Store predictions of another network for a field as a run; return it and True if new.

        `source` says where they come from; `sha256` and `options` identify them. The gate judges
        the run, and only a person promotes it.
        """
        # Imports of the same file wait here; votes wait only while the queue is updated.
        Field.objects.lock_rows([field])
        if imported := self.imported_into(field, network, source).first():
            return imported, False
        run = self.create(
            requested_by=by,
            external=network,
            label_source="",
            status=RunStatus.READY,
            finished_at=timezone.now(),
            outcome=nonfinite_to_none(dict(source)),
        )
        run.fields.add(field)
        strategies = run.write_predictions(predictions, [field])
        (locked,) = run.fields.lock_out_votes()
        run.update_queue_after_writing(locked, strategies)
        run.judge()
        return run, True


class TrainingRun(SharedRun):
    """One request to train an ensemble: configuration, snapshot of labels, progress, outcome."""

    fields = models.ManyToManyField(Field, related_name="runs")
    external = models.CharField(
        "imported network",
        max_length=80,
        blank=True,
        help_text="Name of another network whose predictions were imported; else empty.",
    )
    preset = models.CharField(choices=Preset.choices(), max_length=32, blank=True)
    overrides = models.JSONField(default=dict, blank=True)
    label_source = models.CharField(max_length=80, default=CONSENSUS.text, blank=True)
    automatic = models.BooleanField(
        default=False, help_text="Started by newly settled labels, for the last requester."
    )
    manifest_sha256 = models.CharField("sha256 of the training set", max_length=64)
    label_counts = models.JSONField(default=dict, help_text="Labels by sample and class.")
    basis = models.JSONField(
        default=dict, help_text="Votes and rulings, or references, that the labels are based on."
    )
    outcome = models.JSONField(default=dict, help_text="Device, weights, history, metrics.")
    verdict = models.JSONField(default=dict, help_text="Latest verdict of the gate.")

    objects = TrainingRunQuerySet.as_manager()

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def directory(self) -> Path:
        """The folder of its training set and its members."""
        return run_folders.run_directory(self.pk)

    @property
    def source(self) -> LabelSource:
        """The source of its labels."""
        return LabelSource(self.label_source)

    @property
    def manifest_path(self) -> Path:
        """The file of its training set."""
        replaced = self._manifest_named(self.manifest_sha256)
        return replaced if replaced.exists() else self.directory / "training_set.csv"

    def _manifest_named(self, sha256: str) -> Path:
        return self.directory / f"training_set-{sha256[:16]}.csv"

    def keep(self, snapshot: TrainingSnapshot) -> None:
        """Train on this snapshot, unless the run has a later one; the caller locks its fields.

        An earlier snapshot keeps its file: if the process dies between file and row, each row
        still has the file that it names.
        """
        at = snapshot.at.isoformat(timespec="microseconds")
        if at < self.basis.get("frozen_at", ""):
            return
        same = self.manifest_sha256 in ("", snapshot.sha256)
        snapshot.write(self.manifest_path if same else self._manifest_named(snapshot.sha256))
        self.manifest_sha256, self.label_counts = snapshot.sha256, snapshot.label_counts
        trained_fields = {"trained_fields": snapshot.trained_fields}
        self.basis = {**snapshot.basis, **trained_fields, "frozen_at": at}
        self.save(update_fields=["manifest_sha256", "label_counts", "basis"])

    def snapshot_labels(self, split: str) -> Mapping[int, int]:
        """Return the labels of a split of its training set, by candidate; none without one.

        Raises DamagedFile.
        """
        if not self.manifest_sha256:
            return {}
        return training_set_labels(self.manifest_path, self.manifest_sha256, split)

    @property
    def embeddings_path(self) -> Path:
        """The embeddings of each candidate by its members."""
        return run_folders.embeddings_path(self.pk)

    @property
    def made_with(self) -> dict[str, Any]:
        """The seed and the versions of the code; empty before a worker has started, or if damaged.

        `damages` says which file is damaged.
        """
        try:
            stored = self._stored_config()
        except DamagedFile:
            return {}
        if not stored:
            return {}
        versions = {**stored.get("versions", {}), **self.outcome.get("versions", {})}
        return {"seed": stored["config"]["seed"], "versions": versions}

    def _stored_config(self) -> dict[str, Any]:
        """Return the configuration that a worker has stored, if any. Raises DamagedFile."""
        path = self.directory / "config.json"
        return read_run_config(path) if path.exists() else {}

    @property
    def damages(self) -> list[str]:
        """A sentence for each of its files that pages read and cannot: which, where and why."""
        sentences = []
        for read in (lambda: self.snapshot_labels(TRAIN), self._stored_config):
            try:
                read()
            except DamagedFile as damage:
                sentences.append(str(damage))
        return sentences

    @property
    def n_training_labels(self) -> int:
        """Number of labels that it was trained on."""
        return sum(self.label_counts.get("train", {}).values())

    @property
    def trained_fields(self) -> list[str] | None:
        """Names of the fields with training labels; None for an imported network."""
        if self.external:
            return None
        # Runs of earlier versions do not say: each of their fields may have had labels.
        names = self.basis.get("trained_fields")
        return [field.name for field in self.fields.all()] if names is None else list(names)

    def scope_in(self, field: Field) -> FigureScope:
        """Return the question that its figures on one of its fields answer."""
        overlap = self.outcome.get("training_overlap", {}).get(field.name)
        return FigureScope.of(field.name, field.split, self.trained_fields, overlap)

    @property
    def scopes(self) -> list[FigureScope]:
        """The questions of its figures over all its fields, each with the names of its fields."""
        return scopes_of(self.scope_in(field) for field in self.fields.all())

    @property
    def figures(self) -> list[str]:
        """Names of the figures that were drawn at its end; older runs have none."""
        names: list[str] = self.outcome.get("figures", [])
        return names

    @property
    def members(self) -> int:
        """Number of members; one, if neither preset nor overrides give it."""
        by_preset = PRESETS[self.preset].members if self.preset else 1
        return int(self.overrides.get("members", by_preset))

    @property
    def promoted_fields(self) -> models.QuerySet[Field]:
        """Fields in which it is promoted."""
        return Field.objects.filter(promoted_run=self)

    @property
    def is_promotable(self) -> bool:
        """True if it has a result and is not yet promoted in all its fields."""
        elsewhere = self.fields.exclude(promoted_run=self)
        return self.status in FINISHED and elsewhere.exists()

    @property
    def calibration(self) -> RunCalibration:
        """The temperature of its calibrated probabilities, or why there are none."""
        return RunCalibration.of_run(self.outcome.get("calibration"), self.external)

    @property
    def accuracy(self) -> Mapping[str, Any]:
        """Accuracy on the control sample, with its interval; empty if it was not measured.

        From its evaluation; for an imported network, which has none, from the gate.
        """
        evaluation = self.outcome.get("evaluation")
        if evaluation:
            accuracy: Mapping[str, Any] = evaluation["accuracy"]
            return accuracy
        shares = self.verdict.get("shares") if self.external else None
        return shares[0]["new"] if shares else {}

    @transaction.atomic
    def judge(self) -> None:
        """Let the gate compare it with the promoted runs of its fields, and store the verdict."""
        fields = list(self.fields.all())
        control = self.control_labels(fields)
        verdict = self.verdict_in(fields, control)
        self.verdict = self.verdict_values(verdict, control)
        # A concurrent request may have promoted it meanwhile.
        stored = TrainingRun.objects.select_for_update().values_list("status", flat=True)
        self.status = stored.get(pk=self.pk)
        if self.status != RunStatus.PROMOTED:
            self.status = RunStatus.REFUSED if verdict.refused else RunStatus.READY
        self.save(update_fields=["verdict", "status"])
        self.log_event(verdict.sentence)

    def verdict_in(
        self, fields: Iterable[Field], control: ControlLabels | None = None
    ) -> gate.GateVerdict:
        """Return the gate's verdict on its predictions in these fields, trained on or not.

        `control` are the labels of their control samples, if they are at hand.
        """
        fields = list(fields)
        control = control or self.control_labels(fields)
        new = _probabilities(Prediction.objects.filter(run=self), control.labels)
        labels = control.among(new).labels
        promoted = Prediction.objects.promoted().exclude(run=self)
        promoted_NK = _probabilities_of(_probabilities(promoted, labels), labels)
        ever = TrainingRun.objects.filter(promotions__field__in=fields).exclude(pk=self.pk)
        former = {
            run: _probabilities_of(
                _probabilities(Prediction.objects.filter(run=run), labels), labels
            )
            for run in ever.order_by("pk").values_list("pk", flat=True).distinct()
        }
        return gate.judge(
            np.array(list(labels.values()), dtype=np.int64),
            _probabilities_of(new, labels),
            promoted_NK,
            # Where one run is promoted in all these fields, it is no other one.
            {
                run: p_NK
                for run, p_NK in former.items()
                if not np.array_equal(p_NK, promoted_NK, equal_nan=True)
            },
            looks=1 + self._other_looks(fields),
        )

    def verdict_values(self, verdict: gate.GateVerdict, control: ControlLabels) -> dict[str, Any]:
        """Return a verdict by these labels as JSON values, with their counts and limits."""
        # The accuracy on the same labels: that of its evaluation is on those of its snapshot.
        summary = ControlSummary.of(control, self._predicted_control(), verdict.shares[0].new)
        values: dict[str, Any] = nonfinite_to_none(verdict.to_dict())
        return {**values, "control_labels": nonfinite_to_none(summary.to_dict())}

    def _other_looks(self, fields: Iterable[Field]) -> int:
        """Return the number of other runs that were judged on these control samples."""
        trained = Q(fields__in=fields, verdict__of__gte=MIN_LABELS)
        applied = Q(applications__field__in=fields, applications__verdict__of__gte=MIN_LABELS)
        others = TrainingRun.objects.exclude(pk=self.pk)
        return others.filter(trained | applied).distinct().count()

    def control_labels(self, fields: Iterable[Field] | None = None) -> ControlLabels:
        """Return all present labels of the control sample of these fields, or all its own.

        They are those of its label source, or of the consensus for an imported network. No run
        learns from the control sample, whenever it was labelled.
        """
        source = self.source if self.label_source else CONSENSUS
        return control_labels(self.fields.all() if fields is None else fields, source)

    def _predicted_control(self) -> set[int]:
        """Return the control candidates of all fields that it has predictions for."""
        predicted = self.predictions.filter(candidate__control=True)
        return set(predicted.values_list("candidate", flat=True))

    @property
    def passed_gate(self) -> bool:
        """True if the gate could judge it and did not refuse it."""
        return gate.has_passed(self.verdict)

    def promote(self, by: User, reason: str = "") -> None:
        """Promote it in all its fields, judged again beside their promoted runs.

        Raises NotReady before its end, and RefusedByGate if the gate refuses it and no reason is
        given to overrule the gate.
        """
        if refused := self._judge_and_promote(by, reason):
            raise refused

    @transaction.atomic
    def _judge_and_promote(self, by: User, reason: str) -> RefusedByGate | None:
        """Promote it, or return the refusal; the gate's verdict is stored in both cases."""
        # Another promotion waits, to be judged beside this run; votes go on.
        Field.objects.lock_rows(self.fields.all())
        self.refresh_from_db()
        if self.is_promotable:
            self.judge()
        elif self.status in FINISHED:
            # Promoted in all its fields: there is nothing to judge it beside.
            return None
        try:
            self.promote_unjudged(by, reason=reason)
        except RefusedByGate as refused:
            return refused
        return None

    @transaction.atomic
    def promote_unjudged(
        self, by: User, fields: Iterable[Field] | None = None, reason: str = ""
    ) -> None:
        """Promote it in these fields, or all its own, by the stored verdict of the gate.

        Raises NotReady and RefusedByGate as `promote` does.
        """
        if self.status not in FINISHED:
            raise NotReady(f"Run {self.pk} is {self.status}; only a ready run can be promoted.")
        # The status does not tell a refused run that is promoted in another field.
        if (reasons := self.verdict.get("reasons")) and not reason:
            raise RefusedByGate(" ".join(reasons))
        self.promote_in(self.fields.all() if fields is None else fields, by, reason)

    @transaction.atomic
    def promote_in(
        self, fields: Iterable[Field], by: User, reason: str = "", *, automatic: bool = False
    ) -> None:
        """Promote it in these fields, whatever the gate says.

        `automatic`: not at the request of `by`, who has requested the run, but as it passed.
        """
        chosen = list(fields)
        for field in Field.objects.filter(pk__in=[f.pk for f in chosen]).lock_out_votes():
            if field.promoted_run_id != self.pk:
                previous = field.promoted_run
                Promotion.objects.create(field=field, run=self, promoted_by=by, reason=reason)
                overruled = f", overruling the gate: “{reason}”" if reason else ""
                how = "automatically when the gate let it pass" if automatic else f"by {by}"
                self.log_event(f"Promoted in {field} {how}{overruled}.")
                self._set_promoted(field, self)
                _update_status(self, previous)

    @transaction.atomic
    def roll_back(self, fields: Iterable[Field] | None = None) -> None:
        """Return each field in which it is promoted, or those of these, to the previous run."""
        promoted = Field.objects.filter(promoted_run=self)
        if fields is not None:
            promoted = promoted.filter(pk__in=[field.pk for field in fields])
        for field in promoted.lock_out_votes():
            standing = Promotion.objects.filter(field=field, rolled_back_at=None)
            standing.filter(run=self).update(rolled_back_at=timezone.now())
            self.log_event(f"Rolled back in {field}.")
            self._set_promoted(field, self.promoted_before_in(field))
            _update_status(self, field.promoted_run)

    def promoted_before_in(self, field: Field) -> TrainingRun | None:
        """Return the run that a roll-back of this one in a field promotes again, if any."""
        standing = Promotion.objects.filter(field=field, rolled_back_at=None).exclude(run=self)
        previous = standing.select_related("run").order_by("-pk").first()
        return previous.run if previous else None

    def _set_promoted(self, field: Field, run: TrainingRun | None) -> None:
        """Set the run that the field's queue and exports use; the caller holds its lock."""
        before, after = field.promoted_run_id or 0, run.pk if run else 0
        if after < before:
            # Votes have not updated these predictions; from now on they do.
            predictions = Prediction.objects.filter(run__gte=after, run__lt=before)
            predictions.update_queue_of_voted(field)
        field.promoted_run = run
        field.save(update_fields=["promoted_run"])

    def write_predictions(
        self, predictions: PredictionArrays, fields: Iterable[Field]
    ) -> dict[int, str]:
        """Store predictions in these fields; `update_queue` is still to be called for voted ones.

        Returns the strategy of each field by which the acquisition values were computed.
        """
        waiting = Candidate.objects.filter(open=True, control=False, field__in=list(fields))
        return Prediction.objects.write(self.pk, predictions, waiting.values_list("pk", "field"))

    def update_queue_after_writing(self, field: Field, strategies: Mapping[int, str]) -> None:
        """Update the queue by the votes that came while predictions were written.

        The caller holds the field's lock; `strategies` are those of `write_predictions`.
        """
        predictions = self.predictions.filter(candidate__field=field)
        # An administrator may have changed the strategy meanwhile.
        if field.strategy == strategies[field.pk]:
            predictions.update_queue_of_voted(field)
        else:
            predictions.update_queue()

    @transaction.atomic
    def succeed(self, predictions: PredictionArrays, outcome: Mapping[str, Any]) -> None:
        """Store all predictions at once and let the gate judge them.

        A field without a promoted run gets this one if it passes the gate; one that the gate could
        not judge waits for a person.
        """
        if not self._end(
            self._claimed(), RunStatus.READY, outcome=nonfinite_to_none(dict(outcome)), error=""
        ):
            return
        self.predictions.all().delete()
        strategies = self.write_predictions(predictions, self.fields.all())
        Field.objects.lock_rows(self.fields.all())
        self.judge()
        for field in Field.objects.filter(runs=self).lock_out_votes():
            self.update_queue_after_writing(field, strategies)
            if field.promoted_run_id is None and self.passed_gate:
                self.promote_in([field], self.requested_by, automatic=True)


def _update_status(*runs: TrainingRun | None) -> None:
    """Set the status of these runs by whether any field uses them."""
    for run in filter(None, runs):
        run.status = RunStatus.PROMOTED if run.promoted_fields.exists() else RunStatus.RETIRED
        run.save(update_fields=["status"])


def _probabilities(
    predictions: models.QuerySet[Prediction], candidates: Iterable[int]
) -> dict[int, Sequence[float]]:
    """Return the four probabilities of those of these candidates that have any, by candidate."""
    columns = ("candidate_id", *PROBABILITY_COLUMNS)
    return {
        pk: p
        for batch in batches(sorted(candidates))
        for pk, *p in predictions.filter(candidate__in=batch).values_list(*columns)
    }


def _probabilities_of(
    predictions: Mapping[int, Sequence[float]], candidates: Iterable[int]
) -> NDArray[np.float64]:
    """Return the probabilities of these candidates (N, 4), NaN for one without a prediction."""
    rows = [predictions.get(candidate, _NO_PREDICTION) for candidate in candidates]
    return np.array(rows, dtype=np.float64).reshape(-1, len(_NO_PREDICTION))
