"""How a file of votes that were cast elsewhere is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any

from classifier.core.classes import MorphologicalClass
from labeling.classes import Label
from labeling.ingest.errors import BadInput

SKIP = "skip"
"""The answer or account of rows that are to be left out."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
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
            labels[answer_key(answer)] = SKIP if label == SKIP else _default_answers()[label]
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
            if name not in COLUMNS:
                raise BadInput(f"There is no column {name!r} to name; there are {_names()}.")


def answer_key(answer: str) -> str:
    """Return an answer without differences of case and spaces."""
    return " ".join(answer.split()).casefold()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _names() -> str:
    return ", ".join(COLUMNS)
