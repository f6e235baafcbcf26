"""Read votes that were cast elsewhere: CSV files, and Zooniverse's classification exports.

A CSV file has a header and a row for each vote: catalogue id, person, class, and optionally field
and time. A Zooniverse export has JSON in its columns `annotations` and `subject_data` (columns as
in zooniverse/Data-digging, docs/classification_export_field_descriptors.txt). Errors name the
file, the row, counted from 1 at the first row of data, and the reason.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any

from classifier.core.classes import MorphologicalClass
from labeling.classes import Certainty, Label
from labeling.files.limits import LimitExceeded, check_table
from labeling.ingest.errors import BadInput
from labeling.number_texts import count_text

SKIP = "skip"
"""The answer or account of rows that are to be left out."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("catalogue_id", "id", "object_id", "candidate_id", "item", "question"),
    "person": ("person", "voter", "rater", "user_name", "worker", "expert", "user"),
    "class": ("class", "label", "answer", "rating", "vote_class"),
    "field": ("field",),
    "time": ("time", "cast_at", "created_at", "date"),
    "certainty": ("certainty",),
    "informed": ("informed",),
    "suggestion_visible": ("suggestion_visible",),
    "retracted": ("retracted_at",),
    "repeat": ("repeat_of",),
}
"""Names of columns that are recognised in any case, by what they are read as."""
_REQUIRED = ("id", "person", "class")
_ZOONIVERSE = {"user_name", "created_at", "annotations", "subject_data"}
_SUBJECT_IDS = ("catalogue_id", "id", "object_id")
_MAX_CELL = 2**20
_NOT_INSPECTED = {"", "0", "0.0"}
_YES, _NO = {"1", "true", "yes"}, {"", "0", "false", "no"}


def _default_answers() -> dict[str, int]:
    """Return the answers that need no option: numbers and names of the classes, and "unsure"."""
    answers = {"unsure": Label.UNSURE.value}
    for label in MorphologicalClass:
        for text in (f"{label}", f"{label}.0", f"class {label}", f"class_{label}"):
            answers[text] = int(label)
        answers |= {label.short: int(label), label.text: int(label)}
    return answers


@dataclass(frozen=True)
class VoteOptions:
    """How a file of votes is read; the same file with other options is another import."""

    answers: Mapping[str, str] = field(default_factory=dict)
    """Class 1 to 4, `unsure` or `skip` by answer, in any case."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns of the file by what they are: id, person, class, field, time."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Name of the account, or `skip`, by person."""
    task: str = ""
    """Zooniverse's task with the class, as T0; needed if answers of several tasks are classes."""
    workflow: str = ""
    """Number of the Zooniverse workflow to read; others are left out."""
    subject_id: str = ""
    """The subject's metadata that holds the catalogue id."""
    informed: bool = False
    """The voters were shown a network's or others' opinion before they voted."""
    skip_unknown: bool = False
    """Rows of ids that the field does not have are left out, not refused."""

    def fingerprint(self, path: Path) -> str:
        """SHA-256 of the file's bytes and of these options."""
        with path.open("rb") as file:
            digest = file_digest(file, "sha256")
        options = {name: _plain(value) for name, value in sorted(vars(self).items())}
        digest.update(json.dumps(options, sort_keys=True).encode())
        return digest.hexdigest()

    def labels(self) -> dict[str, int | str]:
        """Return the label, or SKIP, of each answer in lower case."""
        labels: dict[str, int | str] = {**_default_answers()}
        for answer, label in self.answers.items():
            labels[_answer_key(answer)] = SKIP if label == SKIP else _default_answers()[label]
        return labels

    def check(self) -> None:
        """Raise BadInput for an answer that is mapped to anything but a class, unsure or skip."""
        for answer, label in self.answers.items():
            if label not in {*"1234", "unsure", SKIP}:
                raise BadInput(
                    f"The answer {answer!r} stands for {label!r}: it must be a class from 1 to 4, "
                    f"unsure, or {SKIP}."
                )
        for name in self.columns:
            if name not in _COLUMNS:
                raise BadInput(f"There is no column {name!r} to name; there are {_names()}.")


def _answer_key(answer: str) -> str:
    return " ".join(answer.split()).casefold()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _names() -> str:
    return ", ".join(_COLUMNS)


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


def read_votes(path: Path, field_name: str, options: VoteOptions) -> VoteFile:
    """Read a CSV file of votes, or a Zooniverse export, for one field. Raises BadInput."""
    options.check()
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    try:
        check_table(path)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read_stream(path, stream, field_name, options)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not a text file ({error}).") from None


def _read_stream(path: Path, stream: IO[str], field_name: str, options: VoteOptions) -> VoteFile:
    """Read the votes of an open file."""
    header, rows = _csv_rows(path, stream)
    is_zooniverse = {name.casefold() for name in header} >= _ZOONIVERSE
    reader = (_ZooniverseReader if is_zooniverse else _TableReader)(path, header, options)
    for number, cells in rows:
        reader.file.rows = number
        try:
            reader.file.votes.append(reader.vote(number, cells, field_name))
        except _LeftOut as reason:
            reader.file.left_out[str(reason)] += 1
    if not reader.file.rows:
        raise BadInput(f"{path}: the file has no rows.")
    reader.finish()
    return reader.file


def _csv_rows(
    path: Path, stream: IO[str]
) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Return the header, and each row's number and cells by column."""
    first_line = stream.readline(_MAX_CELL)
    stream.seek(0)
    delimiter = max(",;\t", key=first_line.count)
    # The limit is one of the process, and other readers may have set it lower.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise BadInput(f"{path}, header: {error}.") from None
    if not any(header):
        raise BadInput(f"{path}: the file is empty.")
    if repeated := [name for name, n in Counter(header).items() if n > 1 and name]:
        raise BadInput(f"{path}: two columns are called {repeated[0]!r}.")

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        number = 0
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise BadInput(f"{path}, row {number + 1}: {error}.") from None
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            if len(cells) != len(header):
                raise BadInput(
                    f"{path}, row {number}: has {count_text(len(cells), 'cell')} where the header "
                    f"has {len(header)}."
                )
            yield number, dict(zip(header, (cell.strip() for cell in cells), strict=True))

    return header, rows()


class _LeftOut(Exception):
    """A row that is no vote of the field; the text is the reason, the same for all such rows."""


class _TableReader:
    """Reads the rows of a CSV file with a column for each part of a vote."""

    def __init__(self, path: Path, header: list[str], options: VoteOptions) -> None:
        self.file = VoteFile(path, "CSV")
        self.options, self.labels = options, options.labels()
        lower = {name.casefold(): name for name in header}
        for name, synonyms in _COLUMNS.items():
            if chosen := options.columns.get(name):
                if chosen not in header:
                    raise BadInput(f"{path}: has no column {chosen!r} (it has {_list(header)}).")
                self.file.columns[name] = chosen
            elif column := next((lower[s] for s in synonyms if s in lower), None):
                self.file.columns[name] = column
        for name in _REQUIRED:
            if name not in self.file.columns:
                raise BadInput(
                    f"{path}: has no column for the {name} (it has {_list(header)}); "
                    f"name it with --column {name}=NAME."
                )
        if unused := [name for name in header if name not in self.file.columns.values()]:
            self.file.notes.append(f"Columns that are not used: {_list(unused)}.")

    def vote(self, row: int, cells: dict[str, str], field_name: str) -> VoteRow:
        """Return the vote of a row. Raises _LeftOut and BadInput."""
        values = {name: cells[column] for name, column in self.file.columns.items()}
        if values.get("field", field_name) != field_name:
            raise _LeftOut("votes of other fields")
        if values.get("retracted"):
            raise _LeftOut("retracted votes")
        if values.get("repeat"):
            raise _LeftOut("hidden repeats, which never count")
        if values["class"] in _NOT_INSPECTED and values["class"] not in self.options.answers:
            raise _LeftOut("without a class (empty or 0: not inspected)")
        return self._checked(row, values)

    def _checked(self, row: int, values: dict[str, str]) -> VoteRow:
        """Return the vote of a row of this field that has an answer."""
        for name in ("id", "person"):
            if not values[name]:
                raise self.file.error(row, f"has no {name} in {self.file.columns[name]!r}")
        label = self.labels.get(_answer_key(values["class"]))
        if label is None:
            raise self.file.error(
                row,
                f"{values['class']!r} is not a class from 1 to 4 or unsure; say what it stands "
                f'for with --answer "{values["class"]}=CLASS"',
            )
        if label == SKIP or self.options.accounts.get(values["person"]) == SKIP:
            raise _LeftOut("answers and persons to skip")
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


class _ZooniverseReader(_TableReader):
    """Reads the rows of a Zooniverse classification export."""

    def __init__(self, path: Path, header: list[str], options: VoteOptions) -> None:
        self.file = VoteFile(path, "Zooniverse classification export")
        self.options, self.labels = options, options.labels()
        self._lower = {name.casefold(): name for name in header}
        self.file.columns = {
            "person": self._lower["user_name"],
            "class": self._lower["annotations"],
            "id": self._lower["subject_data"],
            "time": self._lower["created_at"],
        }
        self._tests = 0

    def vote(self, row: int, cells: dict[str, str], field_name: str) -> VoteRow:
        """Return the vote of a row. Raises _LeftOut and BadInput."""
        values = {name: cells[column] for name, column in self._lower.items()}
        if self.options.workflow and values.get("workflow_id") != self.options.workflow:
            raise _LeftOut("other workflows")
        subject = self._subject(row, values["subject_data"])
        if subject.get("field", field_name) != field_name:
            raise _LeftOut("votes of other fields")
        answers = self._answers(row, values["annotations"])
        if not answers:
            raise _LeftOut("classifications without an answer")
        metadata = self._json(row, "metadata", values.get("metadata") or "{}")
        self._tests += isinstance(metadata, dict) and metadata.get("live_project") is False
        return self._checked(
            row,
            {
                "id": self._catalogue_id(row, subject),
                "person": values["user_name"],
                "class": self._class_answer(row, answers),
                "time": values["created_at"],
            },
        )

    def _json(self, row: int, column: str, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self.file.error(row, f"{column} is not readable JSON") from None

    def _subject(self, row: int, text: str) -> dict[str, str]:
        """Return the subject's metadata by name in lower case, without Zooniverse's #, ! and //."""
        data = self._json(row, "subject_data", text)
        subjects = list(data.values()) if isinstance(data, dict) else []
        if len(subjects) != 1 or not isinstance(subjects[0], dict):
            raise self.file.error(row, "subject_data is not one subject")
        return {name.lstrip("#!/").casefold(): str(v) for name, v in subjects[0].items()}

    def _catalogue_id(self, row: int, subject: dict[str, str]) -> str:
        names = (self.options.subject_id.casefold(),) if self.options.subject_id else _SUBJECT_IDS
        for name in names:
            if name in subject:
                return subject[name].strip()
        raise self.file.error(
            row,
            f"the subject has no {' or '.join(names)} (it has {_list(sorted(subject))}); "
            "name the catalogue id with --subject-id NAME",
        )

    def _answers(self, row: int, text: str) -> dict[str, str]:
        """Return the answer of each question that has one."""
        annotations = self._json(row, "annotations", text)
        if not isinstance(annotations, list):
            raise self.file.error(row, "annotations is not a list")
        answers = {}
        for annotation in annotations:
            if not isinstance(annotation, dict) or not isinstance(annotation.get("task"), str):
                raise self.file.error(row, "annotations has an entry without a task")
            value = annotation.get("value")
            if isinstance(value, str) and value.strip():
                answers[annotation["task"]] = value.strip()
        if self.options.task:
            return {task: a for task, a in answers.items() if task == self.options.task}
        return answers

    def _class_answer(self, row: int, answers: dict[str, str]) -> str:
        """Return the answer that is a class; there must be one."""
        classes = {task: a for task, a in answers.items() if _answer_key(a) in self.labels}
        if len(classes) > 1:
            raise self.file.error(
                row, f"the answers of {_list(sorted(classes))} are classes; choose one with --task"
            )
        return next(iter((classes or answers).values()))

    def finish(self) -> None:
        """Note how many classifications were made before the project went live."""
        if self._tests:
            self.file.notes.append(
                f"{count_text(self._tests, 'classification')} from before the project was live: "
                "read like the others."
            )


def _list(names: list[str]) -> str:
    return ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
