"""The candidates that the gallery shows, and what each person may see of them.

An expert sees the consensus and the network's opinion only of candidates that they have voted on,
and can neither filter nor order by what they may not see. A curator sees the network's opinion of a
candidate of the control sample after their own ruling on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import BooleanField, Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from labeling.auth.roles import Role, has_role
from labeling.export.rows import in_catalogue_order
from labeling.models import Candidate, CandidateQuerySet, Comment, Vote
from labeling.models.candidate_queryset import network_is_open_to
from labeling.rules.consensus import ConsensusStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def visible_to(user: User) -> CandidateQuerySet:
    """Return the candidates with this user's own vote as `mine`, and whether they are `disclosed`.

    `shown_label`, `shown_status`, `shown_entropy` and `shown_network` are None for those that are
    not disclosed to the user.
    """
    votes = Vote.objects.live().by(user).filter(candidate=OuterRef("pk"))
    candidates = Candidate.objects.in_play().select_related("field").with_prediction()
    candidates = candidates.prefetch_related("field__mosaics")
    candidates = candidates.annotate(mine=Subquery(votes.values("label")[:1]))
    condition = Q(pk__isnull=False) if has_role(user, Role.CURATOR) else Q(mine__isnull=False)
    disclosed = Case(When(condition, then=True), default=False, output_field=BooleanField())
    candidates = candidates.annotate(disclosed=disclosed)
    opinions = {
        "shown_label": "consensus__label",
        "shown_status": Coalesce("consensus__status", Value(ConsensusStatus.INSUFFICIENT)),
        "shown_entropy": "network_entropy",
        "shown_network": "network_label",
    }
    nothing = Value(None)
    network = Q(disclosed=True) & network_is_open_to(user)
    shown_if = {"shown_entropy": network, "shown_network": network}
    for name, value in opinions.items():
        shown = Case(When(shown_if.get(name, Q(disclosed=True)), then=value), default=nothing)
        candidates = candidates.annotate(**{name: shown})
    return candidates


def filtered_candidates(user: User, chosen: Mapping[str, Any]) -> CandidateQuerySet:
    """Return the candidates that pass the values of the gallery's form, in its order."""
    candidates = visible_to(user)
    if chosen.get("field"):
        candidates = candidates.filter(field=chosen["field"])
    if chosen.get("sample"):
        candidates = candidates.sample(chosen["sample"])
    if vote := chosen.get("mine"):
        candidates = candidates.filter(Q(mine=None if vote == "none" else int(vote)))
    if mark := chosen.get("marked"):
        candidates = candidates.filter(_marked_by(user, mark))
    if label := chosen.get("label"):
        candidates = candidates.filter(Q(shown_label=int(label)))
    if status := chosen.get("status"):
        candidates = candidates.filter(Q(shown_status=status))
    return _ordered(candidates, chosen.get("order", ""))


def _marked_by(user: User, mark: str) -> Q:
    """Return the condition on candidates that the user flagged, commented on, or either."""
    votes = Vote.objects.standing().by(user).order_by()
    flagged = Q(pk__in=votes.filter(flagged=True).values("candidate"))
    remarks = votes.exclude(comment="").values("candidate")
    comments = Comment.objects.filter(author=user).order_by().values("candidate")
    commented = Q(pk__in=remarks.union(comments))
    return {"flag": flagged, "comment": commented}.get(mark, flagged | commented)


def attach_own_remarks(user: User, candidates: Iterable[Any]) -> None:
    """Set on each candidate the user's votes, as `own_votes`, and comments, as `own_comments`."""
    by_pk = {candidate.pk: candidate for candidate in candidates}
    for candidate in by_pk.values():
        candidate.own_votes, candidate.own_comments = [], []
    for vote in Vote.objects.standing().by(user).filter(candidate__in=by_pk).order_by("cast_at"):
        by_pk[vote.candidate_id].own_votes.append(vote)
    for comment in Comment.objects.filter(author=user, candidate__in=by_pk):
        by_pk[comment.candidate_id].own_comments.append(comment)


def _ordered(candidates: CandidateQuerySet, order: str) -> CandidateQuerySet:
    """Order by entropy or brightness, unknown values last; else as in the catalogue."""
    if order == "entropy":
        return candidates.order_by(F("shown_entropy").desc(nulls_last=True), "pk")
    if order == "mag":
        return candidates.order_by(F("mag_v").asc(nulls_last=True), "pk")
    return in_catalogue_order(candidates)
