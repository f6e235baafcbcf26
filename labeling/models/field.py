"""Fields: one pointing of a galaxy, with its rules for voting."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, radians
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef
from django.utils.functional import cached_property

from classifier.core.bands import BANDS
from labeling import jobs
from labeling.files import run_folders
from labeling.models.lease import Lease
from labeling.models.vote import Vote
from labeling.queue.expert_queue import ANYTHING, Queue
from labeling.queue.parts import Wish
from labeling.rules.strategies import ColdStart, Strategy

if TYPE_CHECKING:
    from labeling.models.candidate_queryset import CandidateQuerySet
    from labeling.models.mosaic import Mosaic
    from labeling.models.refresh import Refresh, RefreshQuerySet
    from labeling.models.training_run import TrainingRun

_AT_LEAST_ONE = MinValueValidator(1)


def by_band(mosaics: Iterable[Mosaic]) -> dict[str, Mosaic]:
    """One field's mosaics, in the order of the bands."""
    there = {mosaic.band: mosaic for mosaic in mosaics}
    return {band: there[band] for band in BANDS if band in there}


def positive(value: float) -> None:
    """Refuses what is no finite number above zero."""
    if not 0 < value < inf:
        raise ValidationError("Must be a number above zero.")


class FieldQuerySet(models.QuerySet["Field"]):
    """Questions about fields, and their lock."""

    def in_turn(self, fields: Iterable[Field]) -> list[Field]:
        """These fields, or all if there are none, locked until the end of the transaction.

        Against others who ask the same: votes go on.
        """
        chosen = {field.pk for field in fields}
        wanted = self.filter(pk__in=chosen) if chosen else self.all()
        return wanted._in_turn()

    def without_votes(self) -> list[Field]:
        """These fields, locked against votes too, each of which waits for the transaction's end.

        PostgreSQL grants a row's lock to all that get along with those who hold it, past whoever
        waits to have it alone: where votes come without a gap, for ever. Its advisory locks are
        granted in the order in which they were asked for, and a vote asks for one first.
        """
        pks = [field.pk for field in self._in_turn()]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for pk in pks:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [pk])
        return list(Field.objects.select_for_update().filter(pk__in=pks).order_by("pk"))

    def _in_turn(self) -> list[Field]:
        return list(self.select_for_update(no_key=True, of=("self",)).order_by("pk"))


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

    if TYPE_CHECKING:
        candidates: CandidateQuerySet
        refreshes: RefreshQuerySet

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def pc_per_arcsec(self) -> float | None:
        """Parsec that one arcsec spans at the field's distance."""
        return self.distance_mpc * 1e6 * radians(1 / 3600) if self.distance_mpc else None

    def lease_next(
        self, expert: Any, count: int, wish: Wish = ANYTHING, *, last_resort: bool = True
    ) -> list[Lease]:
        """Lease the next candidates to this expert: by uncertainty, mixed with the control sample.

        Fewer than `count`, or none, when no more are waiting for this expert. At last, if that is
        wished for, come those that the expert has put off, and those that others hold for long.
        """
        return Queue(self, expert, wish).lease(count, last_resort=last_resort)

    @cached_property
    def mosaic_by_band(self) -> dict[str, Mosaic]:
        """The field's mosaics, in the order of the bands."""
        return by_band(self.mosaics.all())

    def point_to(self, run: TrainingRun | None) -> None:
        """Let queue and exports use this run; the caller holds the field's lock."""
        before, now = self.promoted_run_id or 0, run.pk if run else 0
        if now < before:
            # Votes have left these alone, and tend them from now on.
            predictions = apps.get_model("labeling", "Prediction").objects
            predictions.filter(run__gte=now, run__lt=before).set_places_of_voted(self)
        self.promoted_run = run
        self.save(update_fields=["promoted_run"])

    @transaction.atomic
    def refresh_order(self) -> None:
        """Set the places by all runs right, after a change of strategy."""
        (field,) = Field.objects.filter(pk=self.pk).without_votes()
        if not field.follows_labels:
            apps.get_model("labeling", "Refresh").objects.drop(field)
        predictions = apps.get_model("labeling", "Prediction").objects
        predictions.filter(candidate__field=field).set_places()

    def begin_as_set(self) -> None:
        """Set the order that goes without a network right, after a change of rule or catalogue."""
        self.candidates.order_without_network(spread=self.cold_start == ColdStart.SPREAD)

    @property
    def refresh(self) -> Refresh | None:
        """What the heads of the run in use were refitted on, if they were."""
        return next((r for r in self.refreshes.all() if r.run_id == self.promoted_run_id), None)

    @property
    def follows_labels(self) -> bool:
        """Whether new labels are to change the order of its queue: chance knows of none."""
        return self.refresh_after > 0 and self.strategy != Strategy.RANDOM

    def nudge_refresh(self) -> None:
        """Have a worker see whether the order of the queue should follow new labels.

        Costs a look at the disk, and a message a second at most.
        """
        run = self.promoted_run_id
        if self.follows_labels and run and run_folders.embeddings(run).exists():
            jobs.notify_throttled(jobs.REFRESH, self.pk)

    @transaction.atomic
    def refresh_consensus(self) -> None:
        """Recompute the consensus of every candidate with votes, after a change of the rules."""
        (field,) = Field.objects.filter(pk=self.pk).without_votes()
        voted = Vote.objects.filter(candidate=OuterRef("pk"))
        for candidate in self.candidates.filter(Exists(voted)).order_by("pk").iterator():
            candidate.field = field
            candidate.refresh_consensus()
