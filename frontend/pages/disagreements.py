"""The candidates that wait for a curator, and the votes and comments on them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from labeling.models import Candidate, Comment, Vote

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
    return (
        Prefetch("votes", votes, to_attr="votes_shown"),
        Prefetch("comments", comments, to_attr="comments_shown"),
        Prefetch("adjudications", to_attr="rulings_shown"),
    )


def opinions_fingerprint(candidate: Any) -> str:
    """Return a digest of the votes, comments and rulings that `_opinions` prefetched."""
    rows = (*candidate.votes_shown, *candidate.comments_shown, *candidate.rulings_shown)
    return sha256(" ".join(sorted(str(row.pk) for row in rows)).encode()).hexdigest()


@transaction.atomic
def adjudicate_unchanged(
    candidate: Candidate, curator: User, *, label: int, reason: str, fingerprint: str
) -> bool:
    """Record the ruling and return True, unless the opinions have another fingerprint by now."""
    # Votes and comments wait for this lock: none can come between the check and the ruling.
    candidate.lock()
    prefetch_related_objects([candidate], *_opinions())
    if opinions_fingerprint(candidate) != fingerprint:
        return False
    candidate.adjudicate(curator, label, reason)
    return True
