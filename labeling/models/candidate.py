"""Candidates: sources that passed a survey's selection, and the verbs that lock them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from labeling.bands import BANDS
from labeling.consensus import Ballot, Verdict, verdict_of
from labeling.imaging.stamps import corner
from labeling.models.adjudication import Adjudication
from labeling.models.candidate_queryset import CandidateQuerySet
from labeling.models.catalogue_import import CatalogueImport
from labeling.models.consensus import Consensus
from labeling.models.field import Field
from labeling.models.lease import Lease
from labeling.models.vote import Vote, VoteConflict
from labeling.ordering import in_control_sample, shuffle_key
from labeling.roles import Role, has_role


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

    objects = CandidateQuerySet.as_manager()

    class Meta:
        ordering = ["field__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["field", "catalogue_id"], name="id_unique_in_field")
        ]
        indexes = [
            models.Index(fields=["field", "control", "shuffle"]),
            models.Index(fields=["field", "x"]),
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.catalogue_id}"

    def place(self) -> None:
        """Set what follows from the names alone: the sample, the random and the written order."""
        number = int(self.catalogue_id) if self.catalogue_id.isdecimal() else 2**63
        self.catalogue_number = number if number < 2**63 else None
        self.control = in_control_sample(self.field.name, self.catalogue_id)
        self.shuffle = shuffle_key(self.field.name, self.catalogue_id)

    def neighbours(self, size: int) -> CandidateQuerySet:
        """The catalogue's other sources, set aside or not, in the window of `size` px about it."""
        # A pixel reaches half a pixel to either side of its centre.
        left, bottom = (int(corner(position, size)) - 0.5 for position in (self.x, self.y))
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

    @transaction.atomic
    def cast_vote(self, voter: Any, uuid: UUID, **answer: Any) -> Vote:
        """Record the voter's answer, retract their earlier one, and refresh the consensus.

        The same UUID and answer again returns the vote that is there; the same UUID with
        another answer raises VoteConflict.
        """
        # Two experts on one candidate take turns here; otherwise each would compute
        # the consensus without the other's vote.
        Candidate.objects.select_for_update().get(pk=self.pk)
        if there := Vote.objects.filter(pk=uuid).first():
            if there.says(voter, self.pk, answer):
                return there
            raise VoteConflict(f"Vote {uuid} is already known with another content.")
        circumstances = {
            "suggestion_visible": self._suggestion_visible_to(voter),
            "surplus": self._does_without(voter),
        }
        self.votes.live().by(voter).update(retracted_at=timezone.now())
        vote: Vote = self.votes.create(id=uuid, voter=voter, **circumstances, **answer)
        self.leases.of(voter).delete()
        self.refresh_consensus()
        return vote

    def _suggestion_visible_to(self, voter: Any) -> bool:
        """Whether the server would have shown the network's opinion before this vote."""
        if not self.predictions.filter(run=self.field.promoted_run).exists():
            return False
        return has_role(voter, Role.CURATOR) or self.votes.by(voter).exists()

    def _does_without(self, voter: Any) -> bool:
        """Whether nobody asked for their vote: no lease holds, and others have said enough."""
        if self.leases.live().of(voter).exists():
            return False
        if self.adjudications.exists():
            return True
        return self.votes.live().exclude(voter=voter).count() >= self.field.votes_needed

    @transaction.atomic
    def adjudicate(self, curator: Any, label: int, reason: str) -> Adjudication:
        """Record a curator's ruling, which stands above the votes."""
        Candidate.objects.select_for_update().get(pk=self.pk)
        ruling: Adjudication = self.adjudications.create(
            curator=curator, label=label, reason=reason
        )
        self.refresh_consensus()
        return ruling

    def verdict(self) -> Verdict:
        """What the live votes and the latest ruling say, computed anew."""
        ruling = self.adjudications.first()
        ballots = self.votes.live().values_list("label", "suggestion_visible")
        return verdict_of(
            [Ballot(*ballot) for ballot in ballots],
            self.field.votes_needed,
            ruling.label if ruling else None,
        )

    def refresh_consensus(self) -> None:
        """Write the verdict down; the caller holds the lock on this row."""
        values = Consensus.columns(self.verdict())
        Consensus.objects.update_or_create(candidate=self, defaults=values)

    def lease_to(self, expert: Any, sample: str) -> Lease:
        """Promise this candidate to the expert for the field's lease time."""
        expires_at = timezone.now() + timedelta(minutes=self.field.lease_minutes)
        values = {"sample": sample, "expires_at": expires_at, "skipped_at": None}
        lease, _ = self.leases.update_or_create(expert=expert, defaults=values)
        return lease

    @property
    def pack_path(self) -> Path:
        """The stamp pack that holds its stamps."""
        return self.catalogue_import.pack_path
