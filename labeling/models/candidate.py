"""Candidates: sources that passed a survey's selection, and the methods that lock them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from classifier.core.bands import BANDS
from classifier.core.pack_locations import Location
from labeling.auth.roles import Role, has_role
from labeling.db.bulk import batches
from labeling.db.prepared import (
    Delete,
    Param,
    PreparedQuery,
    Update,
    Upsert,
    Write,
    execute_together,
)
from labeling.imaging.stamps import first_pixel
from labeling.models.adjudication import Adjudication
from labeling.models.candidate_queryset import CandidateQueries, network_is_open_to
from labeling.models.catalogue_import import CatalogueImport
from labeling.models.comment import Comment
from labeling.models.consensus import WRITE_CONSENSUS, Consensus
from labeling.models.field import Field
from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.lease import Lease, Sample
from labeling.models.prediction import PREDICTIONS_TO_QUEUE, UPDATE_QUEUE, Prediction
from labeling.models.vote import VOTES, NotReplaceable, Vote, VoteConflict, VoteContext
from labeling.rules.band_rule import NO_STAMP, BandRule, is_by_band_rule
from labeling.rules.consensus import Ballot, ConsensusStatus, Verdict, verdict_of
from labeling.rules.sampling import shuffle_key


class SetAside(Exception):
    """A candidate that is not put to the vote was voted on."""


class CandidateQuerySet(CandidateQueries["Candidate"]):
    """The queries of `CandidateQueries`, about this model."""

    def apply_band_rule(self, rule: BandRule) -> int:
        """Set aside, or put to the vote, what the rule says; return the number of changes.

        The caller keeps votes out. Candidates that were set aside for another reason stay so.
        """
        n_changed = 0
        for reason, pks in _changes_by(rule, self).items():
            n_changed += len(pks)
            for batch in batches(pks):
                self.filter(pk__in=batch).update(set_aside=reason, open=False)
                if not reason:
                    settled = Consensus.objects.exclude(status=ConsensusStatus.INSUFFICIENT)
                    again = self.filter(pk__in=batch)
                    again.exclude(pk__in=settled.values("candidate")).update(open=True)
                    for candidate in again.filter(control=True, open=False):
                        candidate.refresh_consensus()
                Prediction.objects.filter(candidate__in=batch).update_queue()
        return n_changed


def _changes_by(rule: BandRule, candidates: CandidateQuerySet) -> dict[str, list[int]]:
    """Return the candidates of which the rule changes why they are set aside, by the reason."""
    magnitudes = [f"mag_{band.lower()}" for band in BANDS]
    columns = ("pk", "set_aside", "observed", "pack_row", "catalogue_import__magnitude_bands")
    rows = candidates.order_by("pk").values_list(*columns, *magnitudes)
    changes: dict[str, list[int]] = {}
    for pk, old, observed, pack_row, bands, *values in rows.iterator():
        if not is_by_band_rule(old):
            continue
        n_detected = sum(value is not None for value in values)
        new = rule.reason_to_set_aside(len(observed.split()), n_detected, len(bands.split()))
        if not new and pack_row is None:
            new = NO_STAMP
        if new != old:
            changes.setdefault(new, []).append(pk)
    return changes


_Candidates = models.Manager.from_queryset(CandidateQuerySet)


class VisibleCandidates(_Candidates["Candidate"]):
    """Candidates of finished imports; those of the others do not count anywhere."""

    def get_queryset(self) -> CandidateQuerySet:
        """Leave out what an import is writing, or has left unfinished."""
        # Nearly always empty, and read once for each query.
        unfinished = CatalogueImport.objects.unfinished().order_by().values("pk")
        candidates = super().get_queryset().exclude(catalogue_import__in=unfinished)
        return cast("CandidateQuerySet", candidates)


def _magnitude(name: str) -> models.FloatField[float | None, float | None]:
    return models.FloatField(name, null=True, blank=True)


class Candidate(models.Model):
    """A source of a field's catalogue: position, photometry, and where its stamps are.

    Positions are pixels of the field's own frame, counted from 0 at the centre of the lower
    left pixel; catalogues and exports count from 1 (FITS). They may be unknown for stamps that
    were cut elsewhere.
    """

    field = models.ForeignKey(Field, models.CASCADE, related_name="candidates")
    catalogue_import = models.ForeignKey(CatalogueImport, models.CASCADE, related_name="candidates")
    catalogue_id = models.CharField(max_length=64)
    catalogue_number = models.BigIntegerField(
        null=True, editable=False, help_text="The catalogue id where it is a number, for order."
    )
    pack_row = models.PositiveIntegerField("row in the stamp pack", null=True, editable=False)
    x = models.FloatField("x (px, from 0)", null=True, blank=True)
    y = models.FloatField("y (px, from 0)", null=True, blank=True)
    stamp_x = models.FloatField(
        "x in the stamp (px, from 0)",
        null=True,
        editable=False,
        help_text="Only for stamps that were cut elsewhere; others are cut about x, y.",
    )
    stamp_y = models.FloatField("y in the stamp (px, from 0)", null=True, editable=False)
    ra = models.FloatField("RA (deg)", null=True, blank=True)
    dec = models.FloatField("Dec (deg)", null=True, blank=True)
    mag_nuv = _magnitude("NUV (mag)")
    mag_u = _magnitude("U (mag)")
    mag_b = _magnitude("B (mag)")
    mag_v = _magnitude("V (mag)")
    mag_i = _magnitude("I (mag)")
    mag_err_nuv = _magnitude("NUV error (mag)")
    mag_err_u = _magnitude("U error (mag)")
    mag_err_b = _magnitude("B error (mag)")
    mag_err_v = _magnitude("V error (mag)")
    mag_err_i = _magnitude("I error (mag)")
    ci = models.FloatField("concentration index (mag)", null=True, blank=True)
    observed = models.CharField(
        "observed bands", max_length=16, help_text="Bands that cover it, separated by spaces."
    )
    at_edge = models.BooleanField(default=False, help_text="The stamp is padded at the frame.")
    set_aside = models.CharField(
        max_length=120, blank=True, help_text="Why it is not put to the vote."
    )
    control = models.BooleanField("in the control sample", editable=False)
    control_inherited = models.BooleanField(
        default=False,
        editable=False,
        help_text="The sample is that of the same source, which was imported before.",
    )
    guard = models.BooleanField(
        default=False,
        editable=False,
        help_text="In the training pool, but so close to a control cell that its label is not "
        "trained on.",
    )
    shuffle = models.BigIntegerField(editable=False)
    open = models.BooleanField(
        "needs votes",
        default=True,
        editable=False,
        help_text="In play, and not yet settled, in the control sample by blind votes of the "
        "queue too.",
    )

    kept = models.JSONField(
        "more columns",
        default=dict,
        blank=True,
        editable=False,
        help_text="Columns of the catalogue that were kept as they are, by name.",
    )

    objects = VisibleCandidates()
    with_unfinished = CandidateQuerySet.as_manager()
    """Candidates of unfinished imports too."""

    _locked_at: datetime
    """Time of the lock, by the database's clock."""

    class Meta:
        ordering = ["field__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["field", "catalogue_id"], name="id_unique_in_field")
        ]
        indexes = [
            models.Index(
                fields=["field", "control", "shuffle", "id"],
                condition=Q(open=True),
                name="open_in_random_order",
            ),
            models.Index(
                fields=["field", "mag_v"], condition=Q(open=True), name="open_by_magnitude"
            ),
            models.Index(fields=["field", "x"]),
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.catalogue_id}"

    def derive_columns(self) -> None:
        """Set the columns that follow from the others: sample, orders, and whether it is open."""
        self.catalogue_number = catalogue_number_of(self.catalogue_id)
        position = (np.array([self.x], dtype=float), np.array([self.y], dtype=float))
        self.control = bool(self.field.in_control([self.catalogue_id], *position)[0])
        self.shuffle = shuffle_key(self.field.name, self.catalogue_id)
        self.open = not self.set_aside

    def neighbours(self, size: int) -> CandidateQuerySet:
        """Return the other sources, set aside or not, in the square of `size` px around it."""
        if self.x is None or self.y is None:
            return Candidate.objects.none()
        # A pixel reaches half a pixel to either side of its centre.
        x_min, y_min = (int(first_pixel(position, size)) - 0.5 for position in (self.x, self.y))
        inside = Candidate.objects.filter(
            field=self.field_id, x__gte=x_min, x__lt=x_min + size, y__gte=y_min, y__lt=y_min + size
        )
        return inside.exclude(pk=self.pk)

    @property
    def position_in_stamp(self) -> tuple[float, float]:
        """Position (x, y) in px of its own stamp, from 0."""
        if self.stamp_x is not None and self.stamp_y is not None:
            return self.stamp_x, self.stamp_y
        if self.x is None or self.y is None:
            raise ValueError(f"{self} has no position.")
        return self.x - int(first_pixel(self.x)), self.y - int(first_pixel(self.y))

    @property
    def cut_elsewhere(self) -> bool:
        """True if its stamps were not cut from mosaics of the field."""
        return self.stamp_x is not None

    @property
    def magnitudes(self) -> dict[str, tuple[float | None, float | None]]:
        """Vega magnitude and its error in each band."""
        return {
            band: (
                getattr(self, f"mag_{band.lower()}"),
                getattr(self, f"mag_err_{band.lower()}"),
            )
            for band in BANDS
        }

    def opinions_open_to(self, user: User) -> bool:
        """True if this user may see what the network and other experts say of it."""
        return has_role(user, Role.CURATOR) or self.votes.live().by(user).exists()

    def network_open_to(self, user: User) -> bool:
        """True if this user may see the network's opinion of it, as `network_is_open_to` states.

        `opinions_open_to` says whether opinions are open to the user at all.
        """
        return Candidate.objects.filter(network_is_open_to(user), pk=self.pk).exists()

    def lock(self) -> None:
        """Lock this row until the end of the transaction, and read it and its field anew.

        Two experts on one candidate take turns here; otherwise each would compute the consensus
        without the other's vote. All votes share the field; a change of its run or rules locks it
        against them, so that a vote is either seen by the change or sees it.
        """
        for field, values in _LOCKED.annotated(pk=self.pk):
            for name in _LOCKED_COLUMNS:
                setattr(self, name, values[f"candidate_{name}"])
            self.field = field
            self._locked_at = values["locked_at"]
            return
        raise Candidate.DoesNotExist(f"There is no candidate {self.pk}.")

    def cast_vote(
        self, voter: User, uuid: UUID, *, replaces: UUID | None = None, **answer: Any
    ) -> Vote:
        """Record the voter's answer, retract their earlier one, and refresh the consensus.

        `answer` has the fields of a vote; `replaces` is the voter's vote that it corrects. The
        same UUID and answer again returns the recorded vote; with another answer it raises
        VoteConflict. Raises NotReplaceable if `replaces` is any other vote, SetAside for a
        candidate that is not put to the vote, DoesNotExist for one that is gone. Only the primary
        key of this instance is needed.
        """
        try:
            with transaction.atomic():
                self.lock()
                return self._record_vote(voter, uuid, replaces, answer)
        except IntegrityError:
            # Two candidates at the same time under one UUID: each locked its own row.
            raise VoteConflict(f"Vote {uuid} exists with other content.") from None

    def _record_vote(
        self, voter: User, uuid: UUID, replaces: UUID | None, answer: dict[str, Any]
    ) -> Vote:
        if self.set_aside:
            raise SetAside(f"{self} is not put to the vote: it was set aside ({self.set_aside}).")
        votes = VOTES.objects(uuid=uuid, candidate=self.pk)
        for recorded in votes:
            if recorded.pk == uuid:
                return recorded.confirm(voter, self.pk, answer)
        if replaces:
            self._check_replaced(voter, replaces)
        context = VoteContext.read(self.pk, voter, votes, replaces)
        vote = self._new_vote(voter, uuid, context, answer)
        if context.superseded:
            Vote.objects.filter(pk__in=context.superseded).update(retracted_at=Now())
        writes: list[Write] = [(_INSERT_VOTE, vote)]
        if context.lease:
            writes.append((_END_LEASE, context.lease))
        if vote.repeat_of_id is None:
            # Where the catalogue needs votes, nobody has ruled.
            ruled = self.control or not self.open
            self.refresh_consensus([*context.votes_of_others, vote], ruled=ruled, after=writes)
        else:
            execute_together(writes)
        return vote

    def _check_replaced(self, voter: User, replaces: UUID) -> None:
        """Raise NotReplaceable if it is anything but the voter's vote on this candidate.

        A vote that does not exist may have been refused, or still wait in the browser; its
        correction counts all the same.
        """
        own_votes = Vote.objects.by(voter).filter(candidate=self)
        if Vote.objects.filter(pk=replaces).exclude(pk__in=own_votes.values("pk")).exists():
            raise NotReplaceable(f"{replaces} is not your vote on this candidate.")

    def _new_vote(
        self, voter: User, uuid: UUID, context: VoteContext, answer: dict[str, Any]
    ) -> Vote:
        """Return the unsaved vote, with what was visible to the voter and why it was served."""
        served_by = context.served_by
        visible = context.disclosed or has_role(voter, Role.CURATOR)
        suggestion_visible = visible and self.network_open_to(voter) and self._has_suggestion()
        votes_visible = len(context.votes_of_others) if visible else 0
        return Vote(
            id=uuid,
            candidate=self,
            voter=voter,
            repeat_of_id=context.repeat_of,
            suggestion_visible=suggestion_visible,
            votes_visible=votes_visible,
            informed=context.disclosed or suggestion_visible or votes_visible > 0,
            sample=served_by.sample if served_by else "",
            strategy=served_by.strategy if served_by else "",
            surplus=context.repeat_of is None and self._is_surplus(voter, context),
            cast_at=self._locked_at,
            **answer,
        )

    def _has_suggestion(self) -> bool:
        """True if the promoted run has a prediction for it."""
        return self.predictions.filter(run=self.field.promoted_run).exists()

    def _is_surplus(self, voter: User, context: VoteContext) -> bool:
        """True if nobody asked for the vote: no live lease, and all votes cast or promised.

        So the votes that were asked for and the promises never exceed the votes needed. Where the
        queue served the control sample, control votes alone are counted.
        """
        if context.lease_is_live:
            return False
        votes, of_control = context.votes_of_others, False
        if context.served_by and context.served_by.sample == Sample.CONTROL:
            votes, of_control = list(self.votes.control_votes().exclude(voter=voter)), True
        if self.verdict(votes, ruled=not of_control).status != ConsensusStatus.INSUFFICIENT:
            return True
        # The voter's own lease is not live, so these are the others'.
        return len(votes) + self.leases.promises().count() >= self.field.votes_needed

    @transaction.atomic
    def adjudicate(self, curator: User, label: int, reason: str) -> Adjudication:
        """Record a curator's ruling, which overrides the votes."""
        self.lock()
        ruling: Adjudication = self.adjudications.create(
            curator=curator, label=label, reason=reason
        )
        self.refresh_consensus()
        return ruling

    @transaction.atomic
    def add_comment(self, author: User, text: str, key: IdempotencyKey | None = None) -> Comment:
        """Add a comment to the discussion and return it.

        The same unresolved text of the same author is the same comment: a browser that gets no
        answer sends it again.
        """
        # Takes turns with rulings, so that none resolves a comment its curator could not have read.
        self.lock()
        same = self.comments.unresolved().filter(author=author, text=text)
        comment = same.first() or self.comments.create(author=author, text=text)
        if key:
            key.record(comment)
        return comment

    def verdict(self, votes: Iterable[Vote] | None = None, *, ruled: bool = True) -> Verdict:
        """Return the consensus, computed anew from the live votes, or these, and the last ruling.

        With `ruled=False` the rulings are not read: the caller knows that there are none.
        """
        # The latest comes first, and a withdrawn one leaves the candidate to the votes.
        ruling = next(iter(self.adjudications.all()), None) if ruled else None
        overrules = ruling is not None and ruling.withdrawn_at is None
        votes = self.votes.live() if votes is None else votes
        return verdict_of(
            [Ballot(vote.label, vote.suggestion_visible) for vote in votes],
            self.field.votes_needed,
            ruling.label if ruling and overrules else None,
            early_retirement=self.field.early_retirement,
        )

    def needs_votes(self, verdict: Verdict, control_votes: Iterable[Vote] | None = None) -> bool:
        """True if it is in play, and this verdict or its control votes do not settle it.

        A candidate of the control sample needs blind votes of the queue, whatever the catalogue
        says of it.
        """
        if self.set_aside:
            return False
        if verdict.status == ConsensusStatus.INSUFFICIENT or not self.control:
            return verdict.status == ConsensusStatus.INSUFFICIENT
        votes = self.votes.control_votes() if control_votes is None else control_votes
        return self.verdict(votes, ruled=False).status == ConsensusStatus.INSUFFICIENT

    def refresh_consensus(
        self,
        votes: Iterable[Vote] | None = None,
        control_votes: Iterable[Vote] | None = None,
        *,
        ruled: bool = True,
        after: Sequence[Write] = (),
    ) -> None:
        """Store the verdict on the live votes, or these, and update the queue.

        The caller holds the lock; `after` are writes of the caller that come first.
        """
        verdict = self.verdict(votes, ruled=ruled)
        writes = [*after, (WRITE_CONSENSUS, Consensus.of(self.pk, verdict))]
        if self.control and verdict.status != ConsensusStatus.INSUFFICIENT:
            # The control votes are read, the new one among them.
            execute_together(writes)
            writes = []
        if self.open != self.needs_votes(verdict, control_votes):
            self.open = not self.open
            writes.append((_WRITE_OPEN, self))
        queue = self.waits_in
        for prediction in PREDICTIONS_TO_QUEUE.objects(
            candidate=self.pk, run=self.field.promoted_run_id or 0
        ):
            if prediction.set_queue(queue, self.field.strategy, verdict.counts):
                writes.append((UPDATE_QUEUE, prediction))
        execute_together(writes)
        if verdict.label is not None and not self.control:
            self.field.notify_refresh()

    @property
    def waits_in(self) -> int | None:
        """The field in whose training pool it waits for votes."""
        return self.field_id if self.open and not self.control else None

    @property
    def pack_path(self) -> Location:
        """The stamp pack that holds its stamps."""
        return self.catalogue_import.pack_path


def catalogue_number_of(catalogue_id: str) -> int | None:
    """Return the number that a catalogue id is, for order; None for other texts."""
    number = int(catalogue_id) if catalogue_id.isdecimal() else 2**63
    return number if number < 2**63 else None


_LOCKED_COLUMNS = ("field_id", "catalogue_id", "set_aside", "control", "open")
_LOCKED: PreparedQuery[Field] = PreparedQuery(
    lambda: (
        Field.objects.filter(
            candidates=Param("pk"), candidates__catalogue_import__finished_at__isnull=False
        )
        .order_by()
        .annotate(
            locked_at=Now(),
            **{f"candidate_{name}": F(f"candidates__{name}") for name in _LOCKED_COLUMNS},
        )
    ),
    # In this order: what keeps votes out of a field locks it after its turn, and candidates last.
    lock="AND pg_advisory_xact_lock_shared(labeling_candidate.field_id) IS NOT NULL "
    "FOR KEY SHARE OF labeling_field FOR NO KEY UPDATE OF labeling_candidate",
)
_WRITE_OPEN = Update(Candidate, "open")
_INSERT_VOTE = Upsert(Vote)
_END_LEASE = Delete(Lease)
