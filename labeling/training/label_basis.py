"""The basis of labels: the votes and rulings, or the reference labels, that they come from.

Each is a count and a sha256, so that whoever has the database can tell whether they are unchanged;
times say up to when votes were read. A digest is of sorted lines, each ended by a newline.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import Exists, Max, OuterRef

from labeling.models.adjudication import Adjudication
from labeling.models.vote import Vote, VoteQuerySet
from labeling.training.snapshot import Basis


def consensus_basis(fields: Iterable[Any]) -> Basis:
    """Return the live votes and the rulings on the candidates in play of these fields.

    A line is a vote's id, or a ruling's number. Rulings are those that count, and those that they
    correct, unless they are withdrawn.
    """
    in_play = _in_play(fields)
    standing = Adjudication.objects.standing().filter(candidate=OuterRef("candidate"))
    rulings = Adjudication.objects.filter(Exists(standing), withdrawn_at=None, **in_play)
    numbers = [str(pk) for pk in rulings.order_by().values_list("pk", flat=True)]
    newest = rulings.aggregate(newest=Max("decided_at"))["newest"]
    return {
        **votes_basis(Vote.objects.filter(**in_play)),
        "rulings": _counted(numbers) | {"newest_decided_at": _moment(newest)},
    }


def expert_basis(fields: Iterable[Any], username: str) -> Basis:
    """Return one expert's live votes, by their ids."""
    return votes_basis(Vote.objects.filter(voter__username=username, **_in_play(fields)))


def votes_basis(votes: VoteQuerySet) -> Basis:
    """Return the live votes among these, and the latest times of all, retracted ones included."""
    live = [str(pk) for pk in votes.live().order_by().values_list("pk", flat=True)]
    last = votes.aggregate(cast=Max("cast_at"), retracted=Max("retracted_at"))
    moments = {f"newest_{name}_at": _moment(at) for name, at in last.items()}
    return {"votes": _counted(live) | moments}


def reference_basis(source: str, labels: Iterable[tuple[int, int]]) -> Basis:
    """Return a published source's labels; a line is `candidate,class`."""
    lines = [f"{candidate},{label}" for candidate, label in labels]
    return {"references": {"source": source, **_counted(lines)}}


def _in_play(fields: Iterable[Any]) -> dict[str, Any]:
    return {"candidate__field__in": list(fields), "candidate__set_aside": ""}


def _counted(lines: list[str]) -> dict[str, Any]:
    text = "".join(f"{line}\n" for line in sorted(lines))
    return {"count": len(lines), "sha256": sha256(text.encode()).hexdigest()}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
