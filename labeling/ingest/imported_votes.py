"""Import votes that were cast elsewhere: rows of named, inactive accounts, all or none.

An account belongs to one person of such files, and nobody can log in as them. A vote that the
account has already is not counted again, so that the same file twice changes nothing, and a longer
export of the same project adds what is new.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from labeling.classes import Label
from labeling.db.bulk import batches
from labeling.ingest.errors import BadInput
from labeling.ingest.vote_files import read_votes
from labeling.ingest.vote_options import VoteOptions
from labeling.ingest.vote_tables import VoteFile, VoteRow
from labeling.models import Field, Vote, VoteImport
from labeling.number_texts import count_text

_NAME_LENGTH = 150
_NOT_IN_NAMES = re.compile(r"[^\w.@+-]+")
_SHOWN = 5


@dataclass(frozen=True)
class NewVote:
    """A row of the file whose vote is to be added: its candidate and the account's name."""

    candidate: int
    account: str
    row: VoteRow


@dataclass(frozen=True)
class VotePlan:
    """What an import of votes will write; nothing is written before `write`."""

    field: Field
    file: VoteFile
    fingerprint: str
    votes: Sequence[NewVote]
    report: dict[str, Any]

    @transaction.atomic
    def write(self) -> VoteImport | None:
        """Add the votes and recompute the consensus of their candidates.

        Votes of others wait meanwhile. Returns None if there is no new vote. Raises BadInput if
        what the plan rests on has changed.
        """
        (field,) = Field.objects.filter(pk=self.field.pk).lock_out_votes()
        _check_names_are_free(self.file, self.votes)
        votes = _missing(self.file, self.votes)
        if not votes:
            return None
        same = field.vote_imports.standing().filter(fingerprint=self.fingerprint)
        record = same.first() or VoteImport.objects.create(
            field=field,
            file_name=self.file.path.name[:255],
            fingerprint=self.fingerprint,
            report=self.report,
        )
        accounts = _accounts({vote.account: vote.row.person for vote in votes})
        now = timezone.now()
        Vote.objects.bulk_create(
            (
                Vote(
                    id=uuid4(),
                    candidate_id=vote.candidate,
                    voter=accounts[vote.account],
                    label=vote.row.label,
                    certainty=vote.row.certainty,
                    informed=vote.row.informed or vote.row.suggestion_visible,
                    suggestion_visible=vote.row.suggestion_visible,
                    vote_import=record,
                    cast_at=vote.row.cast_at or now,
                )
                for vote in votes
            ),
            batch_size=500,
        )
        field.refresh_consensus({vote.candidate for vote in votes})
        return record


def plan_votes(field: Field, path: Path, options: VoteOptions) -> VotePlan:
    """Read and check a file of votes, and write nothing. Raises BadInput."""
    file = read_votes(path, field.name, options)
    rows = _decided(file)
    candidates = _candidates(field, file, rows, options)
    names = _account_names(file, rows, options)
    set_aside = {pk for pk, reason in candidates.values() if reason}
    votes = [
        NewVote(candidates[row.catalogue_id][0], names[row.person], row)
        for row in rows
        if row.catalogue_id in candidates
    ]
    in_play = [vote for vote in votes if vote.candidate not in set_aside]
    file.left_out["on candidates that are set aside"] += len(votes) - len(in_play)
    _check_names_are_free(file, in_play)
    new = _missing(file, in_play)
    report = _report(file, in_play, new)
    return VotePlan(field, file, options.fingerprint(path), in_play, report)


def _decided(file: VoteFile) -> list[VoteRow]:
    """Return one vote for each person and candidate: the last, if they changed their mind."""
    by_pair: dict[tuple[str, str], list[VoteRow]] = {}
    for vote in file.votes:
        by_pair.setdefault((vote.person, vote.catalogue_id), []).append(vote)
    decided = []
    for votes in by_pair.values():
        if len(votes) > 1:
            votes = _in_order(file, votes)
            same = len({vote.label for vote in votes}) == 1
            file.left_out["repeated" if same else "changed later by the same person"] += (
                len(votes) - 1
            )
        decided.append(votes[-1])
    return decided


def _in_order(file: VoteFile, votes: list[VoteRow]) -> list[VoteRow]:
    """Return several votes of one person on one candidate in the order of time."""
    times = [vote.cast_at for vote in votes if vote.cast_at]
    if len({vote.label for vote in votes}) == 1:
        return votes
    if len(set(times)) < len(votes):
        first, second = (f"row {vote.row}" for vote in votes[:2])
        raise BadInput(
            f"{file.path}, {first} and {second}: {votes[0].person} names two classes for "
            f"{votes[0].catalogue_id}, and no times say which came last."
        )
    return sorted(votes, key=lambda vote: (vote.cast_at or timezone.now(), vote.row))


def _candidates(
    field: Field, file: VoteFile, rows: Sequence[VoteRow], options: VoteOptions
) -> dict[str, tuple[int, str]]:
    """Return primary key, and why it is set aside, of each id; raises BadInput for unknown ids."""
    values = field.candidates.values_list("catalogue_id", "pk", "set_aside")
    by_id = {text: (pk, reason) for text, pk, reason in values}
    unknown = [row for row in rows if row.catalogue_id not in by_id]
    if len(unknown) == len(rows) and rows:
        raise BadInput(
            f"{file.path}: field {field} has none of its ids ({_shown(unknown)}); is this the "
            "right field?"
        )
    if unknown and not options.skip_unknown:
        raise BadInput(
            f"{file.path}, row {unknown[0].row}: field {field} has no candidate "
            f"{unknown[0].catalogue_id}; {len(unknown)} of "
            f"{count_text(len(rows), 'vote is', 'votes are')} on unknown ids "
            f"({_shown(unknown)}). --skip-unknown leaves them out."
        )
    file.left_out["on ids that the field does not have"] += len(unknown)
    return by_id


def _shown(rows: Sequence[VoteRow]) -> str:
    ids = list(dict.fromkeys(row.catalogue_id for row in rows))
    return ", ".join(ids[:_SHOWN]) + (" …" if len(ids) > _SHOWN else "")


def _account_names(file: VoteFile, rows: Sequence[VoteRow], options: VoteOptions) -> dict[str, str]:
    """Return the name of each person's account; what a name may not have becomes an underscore."""
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    for row in rows:
        if row.person in names:
            continue
        name = _NOT_IN_NAMES.sub("_", options.accounts.get(row.person, row.person))
        if len(name) > _NAME_LENGTH:
            raise file.error(row.row, f"the person's name is longer than {_NAME_LENGTH} characters")
        if (other := owners.setdefault(name.casefold(), row.person)) != row.person:
            raise file.error(
                row.row,
                f"{row.person!r} and {other!r} would share the account {name}; name one with "
                f'--account "{row.person}=NAME"',
            )
        names[row.person] = name
    return names


def _check_names_are_free(file: VoteFile, votes: Iterable[NewVote]) -> None:
    """Raise BadInput if an account of someone who logs in has the name of a person of the file."""
    people = {vote.account: vote.row for vote in votes}
    folded = {name.casefold(): name for name in people}
    own_votes = Count("votes", filter=Q(votes__vote_import=None))
    for user in User.objects.annotate(own_votes=own_votes).iterator():
        name = folded.get(user.get_username().casefold())
        if name is None or (name == user.get_username() and _is_of_imports(user)):
            continue
        raise file.error(
            people[name].row,
            f"there is an account {user.get_username()} of somebody who votes here; name another "
            f'with --account "{people[name].person}=NAME"',
        )


def _is_of_imports(user: Any) -> bool:
    """True if nobody can log in with the account, and all its votes were imported."""
    return not user.is_active and not user.has_usable_password() and not user.own_votes


def _missing(file: VoteFile, votes: Sequence[NewVote]) -> list[NewVote]:
    """Return the votes that their accounts have not cast; raises BadInput where they differ."""
    standing: dict[tuple[str, int], tuple[int, str]] = {}
    for batch in batches(sorted({vote.candidate for vote in votes})):
        rows = Vote.objects.live().filter(candidate__in=batch)
        for name, candidate, label, file_name in rows.order_by().values_list(
            "voter__username", "candidate", "label", "vote_import__file_name"
        ):
            standing[name, candidate] = label, file_name
    missing = []
    for vote in votes:
        if (vote.account, vote.candidate) not in standing:
            missing.append(vote)
            continue
        label, file_name = standing[vote.account, vote.candidate]
        if label != vote.row.label:
            raise file.error(
                vote.row.row,
                f"{vote.account} has another vote on {vote.row.catalogue_id}, from {file_name}; "
                "take that import back first",
            )
    return missing


@transaction.atomic
def _accounts(names: dict[str, str]) -> dict[str, User]:
    """Return the accounts by name, made where they are missing: inactive, without a password."""
    accounts: dict[str, User] = {}
    for batch in batches(list(names)):
        accounts |= {user.get_username(): user for user in User.objects.filter(username__in=batch)}
        new = [
            User(
                username=name,
                first_name=names[name][:_NAME_LENGTH],
                is_active=False,
                password=make_password(None),
            )
            for name in batch
            if name not in accounts
        ]
        accounts |= {user.username: user for user in User.objects.bulk_create(new)}
    return accounts


def _report(file: VoteFile, votes: Sequence[NewVote], new: Sequence[NewVote]) -> dict[str, Any]:
    """Return the counts of an import as JSON values."""
    names = {label.value: str(label.value) for label in Label} | {Label.UNSURE.value: "unsure"}
    tally = Counter(names[vote.row.label] for vote in new)
    without_time = sum(vote.row.cast_at is None for vote in new)
    notes = list(file.notes)
    if without_time:
        votes_text = count_text(without_time, "vote has", "votes have")
        notes.append(f"{votes_text} no time: the time of the import stands for it.")
    return {
        "format": file.format,
        "columns": file.columns,
        "rows": file.rows,
        "votes": len(new),
        "already_imported": len(votes) - len(new),
        "candidates": len({vote.candidate for vote in new}),
        "people": dict(sorted(Counter(vote.account for vote in new).items())),
        "classes": dict(sorted(tally.items())),
        "left_out": dict(sorted((+file.left_out).items())),
        "notes": notes,
    }
