"""Votes in a table with a column for each part of a vote."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from labeling.classes import Certainty
from labeling.ingest.errors import BadInput
from labeling.ingest.vote_options import COLUMNS, SKIP, VoteOptions, answer_key

_REQUIRED = ("id", "person", "class")
_NOT_INSPECTED = {"", "0", "0.0"}
_YES, _NO = {"1", "true", "yes"}, {"", "0", "false", "no"}


@dataclass(frozen=True)
class VoteRow:
    """One vote as the file has it; `label` is that of a vote, `cast_at` None where unknown."""

    row: int
    catalogue_id: str
    person: str
    label: int
    cast_at: datetime | None = None
    certainty: str = Certainty.SURE.value
    informed: bool = False
    suggestion_visible: bool = False


@dataclass
class VoteFile:
    """The votes of a file for one field, and what was noticed on the way."""

    path: Path
    format: str
    rows: int = 0
    """Rows of data, those that were left out included."""
    votes: list[VoteRow] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Number of rows by the reason why they are not votes of this field."""
    notes: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    """Columns of the file by what they were read as."""

    def error(self, row: int, reason: str) -> BadInput:
        """Return the error about a row."""
        return BadInput(f"{self.path}, row {row}: {reason}.")


class LeftOut(Exception):
    """A row that is no vote of the field; the text is the reason, the same for all such rows."""


class VoteTableReader:
    """Reads the rows of a CSV file with a column for each part of a vote."""

    def __init__(self, path: Path, header: list[str], options: VoteOptions) -> None:
        self.file = VoteFile(path, "CSV")
        self.options, self.labels = options, options.labels()
        lower = {name.casefold(): name for name in header}
        for name, synonyms in COLUMNS.items():
            if chosen := options.columns.get(name):
                if chosen not in header:
                    raise BadInput(f"{path}: has no column {chosen!r} (it has {listed(header)}).")
                self.file.columns[name] = chosen
            elif column := next((lower[s] for s in synonyms if s in lower), None):
                self.file.columns[name] = column
        for name in _REQUIRED:
            if name not in self.file.columns:
                raise BadInput(
                    f"{path}: has no column for the {name} (it has {listed(header)}); "
                    f"name it with --column {name}=NAME."
                )
        if unused := [name for name in header if name not in self.file.columns.values()]:
            self.file.notes.append(f"Columns that are not used: {listed(unused)}.")

    def vote(self, row: int, cells: dict[str, str], field_name: str) -> VoteRow:
        """Return the vote of a row. Raises LeftOut and BadInput."""
        values = {name: cells[column] for name, column in self.file.columns.items()}
        if values.get("field", field_name) != field_name:
            raise LeftOut("votes of other fields")
        if values.get("retracted"):
            raise LeftOut("retracted votes")
        if values.get("repeat"):
            raise LeftOut("hidden repeats, which never count")
        if values["class"] in _NOT_INSPECTED and values["class"] not in self.options.answers:
            raise LeftOut("without a class (empty or 0: not inspected)")
        return self._checked(row, values)

    def _checked(self, row: int, values: dict[str, str]) -> VoteRow:
        """Return the vote of a row of this field that has an answer."""
        for name in ("id", "person"):
            if not values[name]:
                raise self.file.error(row, f"has no {name} in {self.file.columns[name]!r}")
        label = self.labels.get(answer_key(values["class"]))
        if label is None:
            raise self.file.error(
                row,
                f"{values['class']!r} is not a class from 1 to 4 or unsure; say what it stands "
                f'for with --answer "{values["class"]}=CLASS"',
            )
        if label == SKIP or self.options.accounts.get(values["person"]) == SKIP:
            raise LeftOut("answers and persons to skip")
        certainty = values.get("certainty") or Certainty.SURE.value
        if certainty not in Certainty.values:
            raise self.file.error(row, f"{certainty!r} is not a certainty")
        informed = self.options.informed or self._flag(row, values, "informed")
        return VoteRow(
            row=row,
            catalogue_id=values["id"],
            person=values["person"],
            label=int(label),
            cast_at=self._time(row, values.get("time", "")),
            certainty=certainty,
            informed=informed,
            suggestion_visible=self._flag(row, values, "suggestion_visible"),
        )

    def _flag(self, row: int, values: dict[str, str], name: str) -> bool:
        text = values.get(name, "").casefold()
        if text not in _YES | _NO:
            raise self.file.error(row, f"{text!r} in {self.file.columns[name]!r} is not 0 or 1")
        return text in _YES

    def _time(self, row: int, text: str) -> datetime | None:
        """Return a time in ISO 8601, in UTC unless it says otherwise; also Zooniverse's form."""
        if not text:
            return None
        try:
            time = datetime.fromisoformat(text.removesuffix(" UTC"))
        except ValueError:
            raise self.file.error(row, f"{text!r} is not a time as 2026-05-01 12:30:00") from None
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
        if time > datetime.now(UTC):
            raise self.file.error(row, f"the time {text} lies in the future")
        return time

    def finish(self) -> None:
        """Note what holds for the whole file."""


def listed(names: list[str]) -> str:
    """Return the first names, separated by commas."""
    return ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
