"""The candidates that wait for a curator, and the votes and comments on them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from labeling.models import Adjudication, Candidate, Comment, Vote

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def waiting_for_curators() -> QuerySet[Candidate]:
    """Return the candidates that wait for a curator, with their votes, comments and rulings."""
    waiting = Candidate.objects.for_curators().select_related("field")
    return waiting.prefetch_related(*_opinions(), "field__mosaics").order_by("pk")


def _opinions() -> tuple[Prefetch[Any], ...]:
    """Prefetch `votes_shown`, newest first, `comments_shown`, newest last, and `rulings_shown`."""
    votes = Vote.objects.standing().select_related("voter")
    comments = Comment.objects.select_related("author")
    rulings = Adjudication.objects.with_correction().select_related("curator", "withdrawn_by")
    return (
        Prefetch("votes", votes, to_attr="votes_shown"),
        Prefetch("comments", comments, to_attr="comments_shown"),
        Prefetch("adjudications", rulings, to_attr="rulings_shown"),
    )


def opinions_fingerprint(candidate: Any) -> str:
    """Return a digest of the votes, comments and rulings that `_opinions` prefetched."""
    rows = (*candidate.votes_shown, *candidate.comments_shown)
    names = [str(row.pk) for row in rows]
    names += [f"{row.pk} {row.withdrawn_at}" for row in candidate.rulings_shown]
    return sha256("\n".join(sorted(names)).encode()).hexdigest()


def read_fingerprint(candidate: Candidate) -> str:
    """Return the fingerprint of the opinions on one candidate, read now."""
    prefetch_related_objects([candidate], *_opinions())
    return opinions_fingerprint(candidate)


@transaction.atomic
def adjudicate_unchanged(
    candidate: Candidate, curator: User, *, label: int, reason: str, fingerprint: str
) -> bool:
    """Record the ruling and return True, unless the opinions have another fingerprint by now."""
    # Votes and comments wait for this lock: none can come between the check and the ruling.
    candidate.lock()
    if read_fingerprint(candidate) != fingerprint:
        return False
    candidate.adjudicate(curator, label, reason)
    return True
