"""Which candidates the gallery shows, and what of them this person may see.

Blindness: an expert sees the consensus and the network's opinion only of candidates that they
have voted on, and can neither filter nor order by what they may not see.
"""

from typing import Any

from django import forms
from django.db.models import BooleanField, Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from labeling.auth.roles import Role, has_role
from labeling.classes import Label
from labeling.export.rows import in_catalogue_order
from labeling.models import Candidate, CandidateQuerySet, Field, Sample, Vote
from labeling.rules.consensus import ConsensusStatus

ANY = ("", "any")


class GalleryForm(forms.Form):
    """What the gallery can be narrowed to."""

    field = forms.ModelChoiceField(
        Field.objects.all(), to_field_name="name", required=False, empty_label="all fields"
    )
    mine = forms.ChoiceField(
        label="My vote",
        required=False,
        choices=[ANY, *((str(value), name) for value, name in Label.choices), ("none", "none yet")],
    )
    label = forms.ChoiceField(
        label="Consensus",
        required=False,
        choices=[ANY, *((str(value), name) for value, name in Label.choices[:4])],
    )
    status = forms.ChoiceField(required=False, choices=[ANY, *ConsensusStatus.choices])
    sample = forms.ChoiceField(
        required=False, choices=[ANY, (Sample.POOL, "training pool"), (Sample.CONTROL, "control")]
    )
    order = forms.ChoiceField(
        required=False,
        choices=[("", "catalogue"), ("entropy", "entropy, highest first"), ("mag", "V, brightest")],
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        """A form for this person: the sample is for curators only."""
        super().__init__(*args, **kwargs)
        if not has_role(user, Role.CURATOR):
            del self.fields["sample"]


def visible_to(user: Any) -> CandidateQuerySet:
    """Candidates in play, with `mine`, `disclosed` and what is: `shown_…`, else None."""
    mine = Vote.objects.live().by(user).filter(candidate=OuterRef("pk"))
    candidates = Candidate.objects.in_play().select_related("field").with_prediction()
    candidates = candidates.prefetch_related("field__mosaics")
    candidates = candidates.annotate(mine=Subquery(mine.values("label")[:1]))
    everything = Q(pk__isnull=False) if has_role(user, Role.CURATOR) else Q(mine__isnull=False)
    disclosed = Case(When(everything, then=True), default=False, output_field=BooleanField())
    candidates = candidates.annotate(disclosed=disclosed)
    shown = {
        "shown_label": "consensus__label",
        "shown_status": Coalesce("consensus__status", Value(ConsensusStatus.INSUFFICIENT)),
        "shown_entropy": "network_entropy",
        "shown_network": "network_label",
    }
    nothing = Value(None)
    for name, what in shown.items():
        candidates = candidates.annotate(
            **{name: Case(When(disclosed=True, then=what), default=nothing)}
        )
    return candidates


def gallery(user: Any, wish: dict[str, Any]) -> CandidateQuerySet:
    """The candidates that the cleaned form asks for, in its order."""
    candidates = visible_to(user)
    if wish.get("field"):
        candidates = candidates.filter(field=wish["field"])
    if wish.get("sample"):
        candidates = candidates.sample(wish["sample"])
    if mine := wish.get("mine"):
        candidates = candidates.filter(Q(mine=None if mine == "none" else int(mine)))
    if label := wish.get("label"):
        candidates = candidates.filter(Q(shown_label=int(label)))
    if status := wish.get("status"):
        candidates = candidates.filter(Q(shown_status=status))
    return _ordered(candidates, wish.get("order", ""))


def _ordered(candidates: CandidateQuerySet, order: str) -> CandidateQuerySet:
    """By entropy or brightness, unknown ones last; else as in the catalogue."""
    if order == "entropy":
        return candidates.order_by(F("shown_entropy").desc(nulls_last=True), "pk")
    if order == "mag":
        return candidates.order_by(F("mag_v").asc(nulls_last=True), "pk")
    return in_catalogue_order(candidates)
