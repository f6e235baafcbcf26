"""Votes in Zooniverse's classification exports, which have JSON in some columns.

The columns are those of zooniverse/Data-digging, docs/classification_export_field_descriptors.txt.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from labeling.ingest.vote_options import VoteOptions, answer_key
from labeling.ingest.vote_tables import LeftOut, VoteFile, VoteRow, VoteTableReader, listed
from labeling.number_texts import count_text

ZOONIVERSE_COLUMNS = {"user_name", "created_at", "annotations", "subject_data"}
"""Columns that every export has."""
_SUBJECT_IDS = ("catalogue_id", "id", "object_id")


class ZooniverseReader(VoteTableReader):
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
        """Return the vote of a row. Raises LeftOut and BadInput."""
        values = {name: cells[column] for name, column in self._lower.items()}
        if self.options.workflow and values.get("workflow_id") != self.options.workflow:
            raise LeftOut("other workflows")
        subject = self._subject(row, values["subject_data"])
        if subject.get("field", field_name) != field_name:
            raise LeftOut("votes of other fields")
        answers = self._answers(row, values["annotations"])
        if not answers:
            raise LeftOut("classifications without an answer")
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
            f"the subject has no {' or '.join(names)} (it has {listed(sorted(subject))}); "
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
        classes = {task: a for task, a in answers.items() if answer_key(a) in self.labels}
        if len(classes) > 1:
            raise self.file.error(
                row, f"the answers of {listed(sorted(classes))} are classes; choose one with --task"
            )
        return next(iter((classes or answers).values()))

    def finish(self) -> None:
        """Note how many classifications were made before the project went live."""
        if self._tests:
            self.file.notes.append(
                f"{count_text(self._tests, 'classification')} from before the project was live: "
                "read like the others."
            )
