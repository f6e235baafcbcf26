"""All votes, retracted ones too, as rows."""

from collections.abc import Iterator

from labeling.classes import Label
from labeling.export.rows import Row
from labeling.models.vote import Vote, VoteQuerySet

COLUMNS = (
    "vote",
    "field",
    "catalogue_id",
    "voter",
    "label",
    "certainty",
    "reason",
    "comment",
    "flagged",
    "answers",
    "seconds",
    "suggestion_visible",
    "cast_at",
    "retracted_at",
    "sample",
    "strategy",
    "repeat_of",
    "surplus",
    "votes_visible",
    "informed",
    "imported_from",
)


def vote_rows(votes: VoteQuerySet | None = None) -> Iterator[Row]:
    """Yield every vote, or these, in the order of casting; `label` is 1 to 4 or "unsure".

    A vote with `repeat_of` is a hidden repeat of that vote; it never counts. One that was cast
    elsewhere has the name of the file with which it came.
    """
    votes = Vote.objects.all() if votes is None else votes
    rows = votes.select_related("candidate__field", "voter", "vote_import")
    for vote in rows.order_by("cast_at", "pk").iterator():
        yield {
            "vote": str(vote.pk),
            "field": vote.candidate.field.name,
            "catalogue_id": vote.candidate.catalogue_id,
            "voter": vote.voter.get_username(),
            "label": "unsure" if vote.label == Label.UNSURE else vote.label,
            "certainty": vote.certainty,
            "reason": vote.reason,
            "comment": vote.comment,
            "flagged": int(vote.flagged),
            "answers": " ".join(f"{a['question']}={a['answer']}" for a in vote.answers),
            "seconds": vote.seconds,
            "suggestion_visible": int(vote.suggestion_visible),
            "cast_at": vote.cast_at.isoformat(),
            "retracted_at": vote.retracted_at and vote.retracted_at.isoformat(),
            "sample": vote.sample,
            "strategy": vote.strategy,
            "repeat_of": vote.repeat_of_id and str(vote.repeat_of_id),
            "surplus": int(vote.surplus),
            "votes_visible": vote.votes_visible,
            "informed": int(vote.informed),
            "imported_from": vote.vote_import.file_name if vote.vote_import else "",
        }
