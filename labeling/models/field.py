"""Fields: one pointing of a galaxy, with its rules for voting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf, radians
from operator import attrgetter, itemgetter
from typing import Any, Self

import numpy as np
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Prefetch
from django.utils.functional import cached_property
from numpy.typing import NDArray

from classifier.core.bands import BANDS
from classifier.core.cold_start import spread_sample
from classifier.core.control_sample import (
    GUARD_PX,
    in_control_cell,
    in_control_sample,
    near_control_cell,
)
from classifier.core.shared_sky import shares_sky
from labeling import jobs
from labeling.db.bulk import batches
from labeling.files import run_folders
from labeling.models.mosaic import MOSAICS_OF_FIELD, Mosaic, by_band
from labeling.models.vote import Vote
from labeling.rules.band_rule import MIN_BANDS, BandRule
from labeling.rules.figure_question import FieldSplit, FigureScope
from labeling.rules.strategies import ColdStart, Strategy

_AT_LEAST_ONE = MinValueValidator(1)
SPLIT_IS_FIXED = (
    "The field has candidates, and which of them are in the control sample never changes: choose "
    "another split for a new field."
)
USUAL_SCALE_ARCSEC = 0.04
"""Size of a pixel of fields that do not state it."""

_SPREAD_POOL = 50_000
"""Candidates of which the spread sample is drawn at most."""


def positive(value: float) -> None:
    """Refuse a value that is not a finite number above zero."""
    if not 0 < value < inf:
        raise ValidationError("Must be a number above zero.")


class FieldQuerySet(models.QuerySet["Field"]):
    """Queries about fields, and their locks."""

    def only_applied(self) -> Self:
        """Fields whose promoted run was applied to them, and is not one of theirs."""
        promoted = self.exclude(promoted_run=None).select_related("promoted_run")
        return promoted.exclude(promoted_run__fields=F("pk"))

    def lock_rows(self, fields: Iterable[Field]) -> list[Field]:
        """Lock these fields, or all if there are none, until the end of the transaction.

        Other callers of this method wait; votes go on.
        """
        pks = {field.pk for field in fields}
        return _locked_rows(self.filter(pk__in=pks) if pks else self.all())

    def lock_out_votes(self) -> list[Field]:
        """Lock these fields against votes too, which wait for the end of the transaction.

        PostgreSQL grants shared row locks past a waiter for an exclusive one, so votes without a
        gap would keep it waiting for ever. Its advisory locks are granted in the order of the
        requests, and a vote requests one first.
        """
        pks = [field.pk for field in _locked_rows(self)]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for pk in pks:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [pk])
        return list(Field.objects.select_for_update().filter(pk__in=pks).order_by("pk"))


def _locked_rows(fields: FieldQuerySet) -> list[Field]:
    return list(fields.select_for_update(no_key=True, of=("self",)).order_by("pk"))


class Field(models.Model):
    """One Hubble pointing of a galaxy, and how its candidates are put to the vote."""

    name = models.SlugField(unique=True, help_text="Short name for addresses and commands.")
    galaxy = models.CharField(max_length=80)
    distance_mpc = models.FloatField("distance (Mpc)", null=True, blank=True, validators=[positive])
    pixel_scale_arcsec = models.FloatField(
        "pixel scale (arcsec)", null=True, blank=True, validators=[positive]
    )
    north_deg = models.FloatField(
        "north (deg)",
        null=True,
        editable=False,
        help_text="From +y of the frame, anticlockwise; unknown without WCS.",
    )
    east_left = models.BooleanField(
        default=True, editable=False, help_text="East lies left of north."
    )
    simulated = models.BooleanField(
        default=False, help_text="The pixels come from a simulator; every page says so."
    )
    votes_needed = models.PositiveSmallIntegerField(default=3, validators=[_AT_LEAST_ONE])
    control_share = models.FloatField(
        default=0.2,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="Share of an expert's candidates that comes from the control sample.",
    )
    repeat_share = models.FloatField(
        default=0.05,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
        help_text="Share of an expert's candidates that they have voted on long ago, to measure "
        "how consistent they are; such answers never count.",
    )
    min_observed = models.PositiveSmallIntegerField(
        "bands observed",
        default=MIN_BANDS,
        validators=[_AT_LEAST_ONE, MaxValueValidator(len(BANDS))],
        help_text="Candidates that fewer bands cover are set aside.",
    )
    min_detected = models.PositiveSmallIntegerField(
        "bands detected",
        default=MIN_BANDS,
        validators=[MaxValueValidator(len(BANDS))],
        help_text="Candidates with magnitudes in fewer bands are set aside, if the catalogue has "
        "magnitudes.",
    )
    split = models.CharField(
        "control sample",
        choices=FieldSplit,
        default=FieldSplit.RANDOM,
        max_length=8,
        help_text="Random candidates measure a network on the rest of the field; sky cells with a "
        "guard measure it on new sky of the field. It cannot be changed once there are candidates.",
    )
    both_sides_count = models.PositiveIntegerField(
        "candidates on both sides",
        null=True,
        editable=False,
        help_text="Candidates within a pixel of one on the other side of the split; unknown until "
        "they are counted, after each import and removal, and by manage.py audit.",
    )
    early_retirement = models.BooleanField(
        default=False, help_text="Two votes are enough if they agree."
    )
    cold_start = models.CharField(
        choices=ColdStart,
        default=ColdStart.RANDOM,
        max_length=8,
        help_text="What the queue asks about before there is a network.",
    )
    strategy = models.CharField(
        choices=Strategy,
        default=Strategy.MARGIN,
        max_length=16,
        help_text="What the queue asks about first.",
    )
    refresh_after = models.PositiveSmallIntegerField(
        default=10,
        help_text="So many new labels in the training pool refit the heads of the network in use, "
        "and with them the order of the queue; 0: never.",
    )
    lease_minutes = models.PositiveSmallIntegerField(default=10, validators=[_AT_LEAST_ONE])
    retrain_after = models.PositiveIntegerField(
        default=0,
        help_text="Newly settled labels of the training pool after which the last training is "
        "repeated by itself; 0: never.",
    )
    promoted_run = models.ForeignKey(
        "TrainingRun", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FieldQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def scale_arcsec(self) -> float:
        """Size of a pixel; that of drizzled WFC3/UVIS mosaics if the field does not state it."""
        return self.pixel_scale_arcsec or USUAL_SCALE_ARCSEC

    @property
    def promoted_accuracy(self) -> Mapping[str, Any]:
        """Accuracy of its promoted run; in this field alone if the run was only applied to it.

        Empty if it was not measured.
        """
        measured = self._promoted_application or self.promoted_run
        return measured.accuracy if measured else {}

    @property
    def scope(self) -> FigureScope | None:
        """The question that this accuracy answers; None without a promoted run."""
        run, application = self.promoted_run, self._promoted_application
        scope: FigureScope | None = run.scope_in(self) if run else None
        if application:
            scope = application.scope
        return scope

    @property
    def _promoted_application(self) -> Any:
        """The latest application of its promoted run to it, unless the run was trained on it."""
        run = self.promoted_run
        if run is None or self.name in (run.trained_fields or []):
            return None
        applications = [row for row in self.applications.all() if row.run_id == run.pk]
        return max(applications, key=attrgetter("pk"), default=None)

    def clean(self) -> None:
        """Raise ValidationError if the split was changed after candidates were divided by it."""
        # Imports that are not finished have candidates too.
        divided = Field.objects.filter(pk=self.pk, imports__isnull=False)
        if divided.exclude(split=self.split).exists():
            raise ValidationError({"split": SPLIT_IS_FIXED})

    @property
    def pc_per_arcsec(self) -> float | None:
        """Parsec that one arcsec spans at the field's distance."""
        return self.distance_mpc * 1e6 * radians(1 / 3600) if self.distance_mpc else None

    @cached_property
    def mosaic_by_band(self) -> dict[str, Mosaic]:
        """The field's mosaics, in the order of the bands."""
        return by_band(self.mosaics.all())

    def load_mosaics(self) -> None:
        """Read `mosaic_by_band` by a prepared query: the queue needs it at every vote."""
        self.mosaic_by_band = by_band(MOSAICS_OF_FIELD.objects(field=self.pk))

    def in_control(
        self, ids: Sequence[str], x_N: NDArray[np.float64], y_N: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Return True (N,) for new candidates of the control sample, by ids or by sky cells.

        Candidates without a position are in no control cell.
        """
        if self.split == FieldSplit.RANDOM:
            return np.array([in_control_sample(self.name, text) for text in ids], dtype=bool)
        control_N = np.zeros(len(ids), dtype=bool)
        placed_N = np.isfinite(x_N) & np.isfinite(y_N)
        control_N[placed_N] = in_control_cell(self.name, x_N[placed_N], y_N[placed_N])
        return control_N

    @transaction.atomic
    def set_guards(self) -> None:
        """Mark the candidates of the training pool that share sky with the control sample.

        Only with sky cells; after an import, which may bring control candidates outside of the
        control cells: sources of other fields keep their side.
        """
        if self.split == FieldSplit.RANDOM:
            return
        stored: dict[bool, list[int]] = {True: [], False: []}
        for pk, guard, is_stored in self.guards():
            if guard != is_stored:
                stored[guard].append(pk)
        for guard, pks in stored.items():
            for batch in batches(pks):
                self.candidates.filter(pk__in=batch).update(guard=guard)

    def guards(self) -> list[tuple[int, bool, bool]]:
        """Return candidates' keys, whether each belongs in the guard, and what is stored.

        All candidates of a field with sky cells; of others those that are stored as guard.
        """
        candidates = self.candidates.order_by("pk")
        if self.split == FieldSplit.RANDOM:
            guard = candidates.filter(guard=True).values_list("pk", flat=True)
            return [(pk, False, True) for pk in guard]
        columns = ("pk", "x", "y", "control", "guard")
        rows = list(candidates.values_list(*columns).iterator())
        if not rows:
            return []
        points_N2 = np.array([(x, y) for _, x, y, *_ in rows], dtype=float)
        control_N = np.array([control for *_, control, _ in rows], dtype=bool)
        guard_N = shares_sky(points_N2, points_N2[control_N], GUARD_PX)
        placed_N = np.isfinite(points_N2).all(axis=1)
        guard_N[placed_N] |= near_control_cell(self.name, *points_N2[placed_N].T)
        guard_N = (guard_N | ~placed_N) & ~control_N
        guards = zip(rows, guard_N.tolist(), strict=True)
        return [(pk, guard, is_stored) for (pk, *_, is_stored), guard in guards]

    @transaction.atomic
    def set_cold_start_order(self) -> None:
        """Set the order of the pool without a network, after a change of rule or catalogue.

        The candidates of a spread sample get numbers below zero and come first. All others, and
        those that leave the sample, have their own random number.
        """
        first = self.candidates.filter(shuffle__lt=0).select_related("field")
        for candidate in first:
            candidate.derive_columns()
            candidate.save(update_fields=["shuffle"])
        if self.cold_start == ColdStart.SPREAD:
            sample = self._spread_sample()
            for number, pk in enumerate(sample):
                self.candidates.filter(pk=pk).update(shuffle=number - len(sample))

    def _spread_sample(self) -> list[int]:
        """Return primary keys of candidates of every magnitude, colour and concentration.

        Of a large field, a random part is looked at: votes wait meanwhile.
        """
        pool = self.candidates.in_play().training_pool().order_by("shuffle")
        columns = pool.values_list("pk", "mag_v", F("mag_v") - F("mag_i"), "ci")
        rows = sorted(columns[:_SPREAD_POOL], key=itemgetter(0))
        columns_NK = np.array([values for _, *values in rows], dtype=float).reshape(-1, 3)
        return [rows[index][0] for index in spread_sample(columns_NK)]

    @property
    def band_rule(self) -> BandRule:
        """In how many bands a candidate must be observed and detected."""
        return BandRule(self.min_observed, self.min_detected)

    @transaction.atomic
    def change_band_rule(self, rule: BandRule) -> int:
        """Set the band rule and apply it to all candidates; return how many it has changed."""
        (field,) = Field.objects.filter(pk=self.pk).lock_out_votes()
        self.min_observed, self.min_detected = rule.min_observed, rule.min_detected
        field.min_observed, field.min_detected = rule.min_observed, rule.min_detected
        field.save(update_fields=["min_observed", "min_detected"])
        n_changed: int = field.candidates.apply_band_rule(rule)
        field.set_cold_start_order()
        return n_changed

    @property
    def stamps_cut_elsewhere(self) -> str:
        """Name of a file with stamps that were cut elsewhere; empty for fields with mosaics."""
        imports = self.imports.order_by("pk") if self.pk else ()
        return next((record.file_name for record in imports if record.stamp_bands), "")

    @property
    def refresh(self) -> models.Model | None:
        """The refresh of the promoted run in this field, if its heads were refitted."""
        return next((r for r in self.refreshes.all() if r.run_id == self.promoted_run_id), None)

    @property
    def follows_labels(self) -> bool:
        """True if new labels change the order of its queue; they do not change a random order."""
        return self.refresh_after > 0 and self.strategy != Strategy.RANDOM

    def notify_refresh(self) -> None:
        """Have a worker check whether the order of the queue should follow new labels.

        Costs a look at the disk and a query, and at most one message a second.
        """
        run = self.promoted_run_id
        if not self.follows_labels or not run or not run_folders.embeddings_path(run).exists():
            return
        # A run that was only applied to a field has kept no embeddings of its candidates.
        if Field.objects.filter(pk=self.pk, promoted_run__fields=F("pk")).exists():
            jobs.notify_throttled(jobs.REFRESH, self.pk)

    @transaction.atomic
    def refresh_consensus(self, candidates: Iterable[int] | None = None) -> None:
        """Recompute the consensus of these candidates, or of all that were voted on.

        For changes of the rules, and of many votes at once; votes of others wait meanwhile.
        """
        (field,) = Field.objects.filter(pk=self.pk).lock_out_votes()
        if candidates is None:
            voted = Vote.objects.filter(candidate=OuterRef("pk"))
            candidates = self.candidates.filter(Exists(voted)).values_list("pk", flat=True)
        for batch in batches(sorted(candidates)):
            votes: dict[int, list[Vote]] = {pk: [] for pk in batch}
            for vote in Vote.objects.live().filter(candidate__in=batch).order_by():
                votes[vote.candidate_id].append(vote)
            rows = self.candidates.filter(pk__in=batch).order_by("pk")
            control = Prefetch("votes", Vote.objects.control_votes(), to_attr="control_votes")
            for candidate in rows.prefetch_related("adjudications", control):
                candidate.field = field
                control_votes: list[Vote] = candidate.control_votes  # type: ignore[attr-defined]
                candidate.refresh_consensus(votes[candidate.pk], control_votes)
