"""Candidates: sources that passed a survey's selection, and the verbs that lock them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.db.models import Exists, F, Q
from django.utils import timezone

from classifier.core.bands import BANDS
from labeling.auth.roles import Role, has_role
from labeling.db.prepared import Change, Given, Put, Remove, Statement, Write, make
from labeling.imaging.stamps import first_pixel
from labeling.models.adjudication import Adjudication
from labeling.models.candidate_queryset import CandidateQuerySet
from labeling.models.catalogue_import import CatalogueImport
from labeling.models.consensus import concluded
from labeling.models.field import Field
from labeling.models.lease import Lease, Sample
from labeling.models.opening import Opening
from labeling.models.prediction import PLACED, TENDED
from labeling.models.vote import Vote, VoteConflict
from labeling.rules.consensus import Ballot, ConsensusStatus, Verdict, verdict_of
from labeling.rules.sampling import in_control_sample, shuffle_key


def _magnitude(name: str) -> models.FloatField[float | None, float | None]:
    return models.FloatField(name, null=True, blank=True)


class Candidate(models.Model):
    """A source of a field's catalogue: position, photometry, and where its stamps are.

    Positions are pixels of the field's own frame, counted from 0 at the centre of the lower
    left pixel; catalogues and exports count from 1 (FITS).
    """

    field = models.ForeignKey(Field, models.CASCADE, related_name="candidates")
    catalogue_import = models.ForeignKey(CatalogueImport, models.CASCADE, related_name="candidates")
    catalogue_id = models.CharField(max_length=64)
    catalogue_number = models.BigIntegerField(
        null=True, editable=False, help_text="The catalogue id where it is a number, for order."
    )
    pack_row = models.PositiveIntegerField("row in the stamp pack", null=True, editable=False)
    x = models.FloatField("x (px, from 0)")
    y = models.FloatField("y (px, from 0)")
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
    shuffle = models.BigIntegerField(editable=False)
    open = models.BooleanField(
        "needs votes", default=True, editable=False, help_text="In play, and not yet settled."
    )

    found_by: str = ""
    """What put it where the queue has just found it, for the lease."""

    objects = CandidateQuerySet.as_manager()

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

    def place(self) -> None:
        """Set what follows of a new row: its sample, the random and the written order, its need."""
        number = int(self.catalogue_id) if self.catalogue_id.isdecimal() else 2**63
        self.catalogue_number = number if number < 2**63 else None
        self.control = in_control_sample(self.field.name, self.catalogue_id)
        self.shuffle = shuffle_key(self.field.name, self.catalogue_id)
        self.open = not self.set_aside

    def neighbours(self, size: int) -> CandidateQuerySet:
        """The catalogue's other sources, set aside or not, in the window of `size` px about it."""
        # A pixel reaches half a pixel to either side of its centre.
        left, bottom = (int(first_pixel(position, size)) - 0.5 for position in (self.x, self.y))
        within = Candidate.objects.filter(
            field=self.field_id, x__gte=left, x__lt=left + size, y__gte=bottom, y__lt=bottom + size
        )
        return within.exclude(pk=self.pk)

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

    def opinions_open_to(self, user: Any) -> bool:
        """Whether this user may see what the network and other experts say of it."""
        return has_role(user, Role.CURATOR) or self.votes.live().by(user).exists()

    def lock(self) -> None:
        """Lock this row until the end of the transaction, and read the field as it stands.

        Two experts on one candidate take turns here; otherwise each would compute the consensus
        without the other's vote. All votes share the field; who changes which run or rules it goes
        by locks it against them. A vote is then either seen by the change, or sees it.
        """
        there = Candidate.locked(self.pk)
        self.field, self.open = there.field, there.open

    @classmethod
    def locked(cls, pk: int) -> Self:
        """The candidate of this number, locked, with all that a vote needs to know of it."""
        fields = _LOCKED.objects(pk=pk)
        if not fields:
            raise cls.DoesNotExist(f"There is no candidate {pk}.")
        told = [vars(fields[0]).pop(f"candidate_{name}") for name in _FOR_VOTES]
        candidate = cls.from_db(DEFAULT_DB_ALIAS, _FOR_VOTES, told)
        candidate.field = fields[0]
        return candidate

    @transaction.atomic
    def cast_vote(self, voter: Any, uuid: UUID, **answer: Any) -> Vote:
        """Lock the candidate and record the voter's answer."""
        self.lock()
        return self.record_vote(voter, uuid, **answer)

    def record_vote(
        self, voter: Any, uuid: UUID, *, replaces: UUID | None = None, **answer: Any
    ) -> Vote:
        """Record the voter's answer, retract their earlier one, and refresh the consensus.

        The same UUID and answer again returns the vote that is there; the same UUID with
        another answer raises VoteConflict. What was served as a hidden repeat, and what replaces
        one, is recorded as a repeat. The caller holds the lock.
        """
        known = _KNOWN.objects(uuid=uuid, candidate=self.pk)
        if there := next((vote for vote in known if vote.pk == uuid), None):
            if there.says(voter, self.pk, answer):
                return there
            raise VoteConflict(f"Vote {uuid} is already known with another content.")
        mine = [vote for vote in known if vote.voter_id == voter.pk]
        here = {"candidate": self.pk, "expert": voter.pk}
        lease = next(iter(_LEASE.objects(**here)), None)
        opened = bool(vars(lease).pop("opened") if lease else _OPENING.rows(**here))
        replaced = next((vote for vote in mine if vote.pk == replaces), None)
        if replaced and lease and lease.sample == Sample.REPEAT and not replaced.repeat_of_id:
            # What they correct is the vote that counts; the repeat still waits for its answer.
            lease = None
        original = _repeated(mine, lease, replaced)
        earlier = [v.pk for v in mine if v.retracted_at is None and v.repeat_of_id == original]
        others = [vote for vote in known if vote.counts and vote.voter_id != voter.pk]
        curates = has_role(voter, Role.CURATOR)
        suggestion_visible = (opened or curates) and self._has_suggestion()
        votes_visible = len(others) if opened or curates else 0
        vote = Vote(
            id=uuid,
            candidate=self,
            voter=voter,
            repeat_of_id=original,
            suggestion_visible=suggestion_visible,
            votes_visible=votes_visible,
            informed=opened or suggestion_visible or votes_visible > 0,
            sample=lease.sample if lease else "",
            strategy=lease.strategy if lease else "",
            surplus=original is None and self._does_without(lease, others),
            **answer,
        )
        if earlier:
            Vote.objects.filter(pk__in=earlier).update(retracted_at=timezone.now())
        writes = [_CAST.of(vote), *([_DONE.of(lease)] if lease else [])]
        if original is None:
            # Where votes are asked for, nobody has ruled.
            self.refresh_consensus([*others, vote], ruled=not self.open, after=writes)
        else:
            make(*writes)
        return vote

    def _has_suggestion(self) -> bool:
        """Whether the promoted run says anything of it."""
        return self.predictions.filter(run=self.field.promoted_run).exists()

    def _does_without(self, lease: Lease | None, others: Sequence[Vote]) -> bool:
        """Whether nobody asked for a vote: no lease holds, and all places are taken by others.

        So the votes that somebody asked for and the promises never exceed the votes needed.
        """
        if lease and lease.is_live:
            return False
        if self.verdict(others).status != ConsensusStatus.INSUFFICIENT:
            return True
        # The voter's own does not hold, so these are the others'.
        promised = self.leases.promises().count()
        return len(others) + promised >= self.field.votes_needed

    @transaction.atomic
    def adjudicate(self, curator: Any, label: int, reason: str) -> Adjudication:
        """Record a curator's ruling, which stands above the votes."""
        self.lock()
        ruling: Adjudication = self.adjudications.create(
            curator=curator, label=label, reason=reason
        )
        self.refresh_consensus()
        return ruling

    def verdict(self, votes: Iterable[Vote] | None = None, *, ruled: bool = True) -> Verdict:
        """What the live votes, or these, and the latest ruling, if any, say, computed anew."""
        ruling = next(iter(self.adjudications.all()), None) if ruled else None
        votes = self.votes.live() if votes is None else votes
        return verdict_of(
            [Ballot(vote.label, vote.suggestion_visible) for vote in votes],
            self.field.votes_needed,
            ruling.label if ruling else None,
            early_retirement=self.field.early_retirement,
        )

    def needs_votes(self, verdict: Verdict) -> bool:
        """Whether it is in play, and neither the votes nor a curator have said enough."""
        return not self.set_aside and verdict.status == ConsensusStatus.INSUFFICIENT

    def refresh_consensus(
        self,
        votes: Iterable[Vote] | None = None,
        *,
        ruled: bool = True,
        after: Sequence[Write] = (),
    ) -> None:
        """Write down the verdict on the live votes, at hand or not, and what follows for the queue.

        The caller holds the lock, and may have something to write before.
        """
        verdict = self.verdict(votes, ruled=ruled)
        writes = [*after, concluded(self, verdict)]
        if self.open != self.needs_votes(verdict):
            self.open = not self.open
            writes.append(_OPENED.of(self))
        for prediction in TENDED.objects(candidate=self.pk, run=self.field.promoted_run_id or 0):
            if prediction.set_place(self.waits_in, self.field.strategy, verdict.counts):
                writes.append(PLACED.of(prediction))
        make(*writes)
        if verdict.label is not None and not self.control:
            self.field.nudge_refresh()

    @property
    def waits_in(self) -> int | None:
        """The field in whose training pool it waits for votes."""
        return self.field_id if self.open and not self.control else None

    def lease_to(self, expert: Any, sample: str = "") -> Lease:
        """Promise this candidate to the expert for the field's lease time."""
        return Lease.objects.give(expert, [self], sample)[0]

    @property
    def pack_path(self) -> Path:
        """The stamp pack that holds its stamps."""
        return self.catalogue_import.pack_path


_FOR_VOTES = ("id", "field_id", "catalogue_id", "set_aside", "control", "open")
_LOCKED: Statement[Field] = Statement(
    lambda: (
        Field.objects.filter(candidates=Given("pk"))
        .order_by()
        .annotate(**{f"candidate_{name}": F(f"candidates__{name}") for name in _FOR_VOTES})
    ),
    # In this order: who keeps votes out of a field locks it after its turn, and candidates last.
    lock="AND pg_advisory_xact_lock_shared(labeling_candidate.field_id) IS NOT NULL "
    "FOR KEY SHARE OF labeling_field FOR NO KEY UPDATE OF labeling_candidate",
)
_OPENED = Change(Candidate, "open")
_CAST = Put(Vote)
_DONE = Remove(Lease)
_KNOWN: Statement[Vote] = Statement(
    lambda: Vote.objects.filter(
        Q(pk=Given("uuid", models.UUIDField())) | Q(candidate=Given("candidate"))
    ).order_by()
)
_HERE = {"candidate": Given("candidate"), "expert": Given("expert")}
_OPENING = Statement(lambda: Opening.objects.filter(**_HERE).values_list("pk"))
_LEASE: Statement[Lease] = Statement(
    lambda: Lease.objects.filter(**_HERE).annotate(opened=Exists(Opening.objects.filter(**_HERE)))
)
"""With what `_OPENING` would ask next."""


def _repeated(mine: Sequence[Vote], lease: Lease | None, replaced: Vote | None) -> UUID | None:
    """The earlier vote that this voter's next one only repeats, hidden from them.

    What was skipped is not answered by the next vote, which is a change of mind.
    """
    if replaced:
        return replaced.repeat_of_id
    if lease and lease.sample == Sample.REPEAT and lease.skipped_at is None:
        return next((vote.pk for vote in mine if vote.counts), None)
    return None
