"""Take an import of a catalogue back: its candidates, stamps and labels go, its votes are archived.

The candidates vanish at once; their rows are then deleted in batches, while votes go on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.text import slugify

from classifier.core.atomic_files import atomic_folder
from classifier.core.csv_files import csv_lines
from labeling.export.rows import Row
from labeling.export.votes import COLUMNS, vote_rows
from labeling.ingest.both_sides import count_on_both_sides_again, forget_counts
from labeling.ingest.pack_claims import remove_claimed
from labeling.models import (
    Adjudication,
    Application,
    CatalogueImport,
    Comment,
    Consensus,
    Disclosure,
    Experiment,
    Field,
    Lease,
    Refresh,
    TrainingRun,
    Vote,
)
from labeling.models.job import STOPPED
from labeling.rules.conflicts import JobConflict

_RULINGS = (
    *("field", "catalogue_id", "curator", "label", "reason", "decided_at"),
    *("withdrawn_at", "withdrawn_by"),
)
_COMMENTS = ("field", "catalogue_id", "author", "text", "written_at")


class NotConfirmed(Exception):
    """People have voted, ruled or commented on candidates of an import; says what to type."""


def remove_import(
    record: CatalogueImport, *, removed_by: User | None = None, confirmation: str = ""
) -> Path | None:
    """Remove the import with its candidates and stamps; return the folder of its archive, if any.

    Once people have voted, ruled or commented on its candidates, `confirmation` must be the name of
    its file; their votes, rulings and comments are written to the archive before. Raises
    NotConfirmed, and JobConflict while a training works on the field, or somebody else removes it.
    """
    try:
        with remove_claimed(record.pack):
            archive = _hide(record, removed_by, confirmation)
    except BlockingIOError:
        raise JobConflict(f"{record} is just being written or removed by somebody else.") from None
    count_on_both_sides_again()
    shutil.rmtree(settings.RGB_CACHE / record.field.name, ignore_errors=True)
    for application in Application.objects.filter(field=record.field_id, status__in=STOPPED):
        shutil.rmtree(application.directory, ignore_errors=True)
    return archive


@transaction.atomic
def _hide(record: CatalogueImport, removed_by: User | None, confirmation: str) -> Path | None:
    """Archive and delete what people have said of the candidates, and hide them."""
    # In turn with imports that finish: each goes by the candidates of the others.
    Field.objects.lock_rows([])
    (field,) = Field.objects.filter(pk=record.field_id).lock_out_votes()
    if not CatalogueImport.objects.filter(pk=record.pk).exists():
        raise JobConflict(f"{record} has been removed by somebody else already.")
    _check_no_job_is_at_work(field)
    opinions = count_opinions(record)
    archive = None
    if any(opinions.values()):
        if confirmation != record.file_name:
            counts = ", ".join(f"{n} {name}" for name, n in opinions.items() if n)
            raise NotConfirmed(
                f"There are {counts} on candidates of {record}. To remove them, confirm with the "
                f"name of the file, {record.file_name}; they are kept in the archive."
            )
        archive = _write_archive(record, removed_by)
    of_import = {"candidate__catalogue_import": record}
    # A vote protects what it repeats.
    Vote.objects.filter(**of_import).exclude(repeat_of=None).delete()
    for rows in (
        Vote.objects,
        Adjudication.objects,
        Comment.objects,
        Disclosure.objects,
        Lease.objects,
        Consensus.objects,
    ):
        rows.filter(**of_import).delete()
    forget_counts(field)
    CatalogueImport.objects.filter(pk=record.pk).update(finished_at=None)
    field.set_guards()
    field.set_cold_start_order()
    return archive


def _check_no_job_is_at_work(field: Field) -> None:
    """Raise JobConflict while a worker trains, predicts or refits on the field's candidates."""
    for active in (
        TrainingRun.objects.active().filter(fields=field),
        Experiment.objects.active().filter(fields=field),
        Application.objects.active().filter(field=field),
    ):
        if job := active.first():
            raise JobConflict(
                f"{str(job).capitalize()} uses the candidates of field {field}; cancel it, or wait "
                "until it has ended."
            )
    if Refresh.objects.filter(field=field).exclude(claimed_at=None).exists():
        raise JobConflict(f"The order of field {field} is just being refitted; try again soon.")


def _write_archive(record: CatalogueImport, removed_by: User | None) -> Path:
    """Write votes, rulings and comments of an import to a new folder, and return it."""
    now = datetime.now(UTC)
    name = f"{record.field.name}-{record.pk}-{slugify(record.file_name)}-{now:%Y%m%dT%H%M%SZ}"
    folder: Path = settings.ARCHIVE / name
    settings.ARCHIVE.mkdir(parents=True, exist_ok=True)
    of_import = {"candidate__catalogue_import": record}
    about = {
        "field": record.field.name,
        "file_name": record.file_name,
        "fingerprint": record.fingerprint,
        "rows": record.rows,
        "created_at": record.created_at.isoformat(),
        "removed_at": now.isoformat(),
        "removed_by": removed_by and removed_by.get_username(),
    }
    with atomic_folder(folder) as part:
        part.mkdir()
        _write_csv(part / "votes.csv", COLUMNS, vote_rows(Vote.objects.filter(**of_import)))
        rulings = Adjudication.objects.filter(**of_import).order_by("pk")
        people = ("curator", "withdrawn_by")
        _write_csv(part / "rulings.csv", _RULINGS, _rows(rulings, _RULINGS, people))
        comments = Comment.objects.filter(**of_import).order_by("pk")
        _write_csv(part / "comments.csv", _COMMENTS, _rows(comments, _COMMENTS, ("author",)))
        (part / "import.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
    return folder


def count_opinions(record: CatalogueImport) -> dict[str, int]:
    """Return how many votes, rulings and comments its candidates have, retracted ones included."""
    of_import = {"candidate__catalogue_import": record}
    return {
        "votes": Vote.objects.filter(**of_import).count(),
        "rulings": Adjudication.objects.filter(**of_import).count(),
        "comments": Comment.objects.filter(**of_import).count(),
    }


def _rows(rows: QuerySet[Any], names: Iterable[str], people: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a table about candidates, by these names of columns."""
    for row in rows.select_related("candidate__field", *people):
        values = {name: getattr(row, name, None) for name in names}
        values |= {
            "field": row.candidate.field.name,
            "catalogue_id": row.candidate.catalogue_id,
            **{name: str(getattr(row, name) or "") for name in people},
        }
        yield {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


def _write_csv(path: Path, names: Iterable[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(names, rows))
