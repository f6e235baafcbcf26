"""The training set as a file: the stamp and the label of each candidate.

CSV in UTF-8 with the header `candidate,field,catalogue_id,pack,row,split,label`. `pack` names a
folder under a root that the reader gives, `row` counts from 0, `split` is `train` or `control`,
`label` is a class from 1 up, or empty for a candidate that is only predicted. The columns
`n_class1`, `n_class2`, … may follow: the number of votes for each class.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import VOTE_COLUMNS
from classifier.core.csv_files import csv_lines
from classifier.core.errors import NotTrainable
from classifier.core.pack_locations import Location

COLUMNS = ("candidate", "field", "catalogue_id", "pack", "row", "split", "label")

TRAIN, CONTROL = "train", "control"
SPLITS = (TRAIN, CONTROL)
"""The training pool, and the control sample, which no network is trained on."""

UNLABELLED = 0

_Row = tuple[int, str, str, str, int, str, int, list[int]]


@dataclass(frozen=True)
class Manifest:
    """The rows of a training set, as arrays of one length N in the order of the file."""

    packs: Location
    """Folder or URL that holds the packs."""
    sha256: str
    """Fingerprint of the file's bytes, and of what was changed since."""
    candidate: NDArray[np.int64]
    field: NDArray[np.str_]
    catalogue_id: NDArray[np.str_]
    pack: NDArray[np.str_]
    row: NDArray[np.int64]
    split: NDArray[np.str_]
    label: NDArray[np.int64]
    """From 1 up, or 0 for none."""
    votes: NDArray[np.int64]
    """(N, K) for each class; K = 0 where the file has no such columns."""

    @classmethod
    def read(cls, path: Path, packs: Location) -> Self:
        """Read and check a manifest; `packs` is the folder, or URL, of its packs.

        Raises ValueError with a sentence that names the file and the line at fault.
        """
        content = Path(path).read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not text in UTF-8 ({error.reason}).") from error
        # An unclosed quote makes the rest of the file one cell, which may be longer than allowed.
        reader = csv.reader(io.StringIO(text, newline=""))
        try:
            header = tuple(next(reader, ()))
            lines = [(reader.line_num, cells) for cells in reader]
        except csv.Error as error:
            raise ValueError(f"{path}, line {reader.line_num}: {error}.") from error
        classes = len(header) - len(COLUMNS)
        if header != COLUMNS + tuple(f"n_class{label}" for label in range(1, classes + 1)):
            raise ValueError(
                f"{path}: the header must be {','.join(COLUMNS)}, and may go on n_class1,n_class2,…"
            )
        rows = []
        for number, cells in lines:
            try:
                rows.append(_parse(cells, classes))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
        votes = np.array([row[-1] for row in rows], dtype=np.int64).reshape(len(rows), classes)
        return cls._of_rows(rows, votes, Path(packs), hashlib.sha256(content).hexdigest(), path)

    @classmethod
    def to_predict(
        cls, rows: Iterable[tuple[int, str, str, str, int, str]], packs: Location
    ) -> Self:
        """Return a manifest without labels; a row is the first six of the columns of the file."""
        listed: list[_Row] = [(*row, UNLABELLED, []) for row in rows]
        votes = np.empty((len(listed), 0), dtype=np.int64)
        sha256 = hashlib.sha256(repr(listed).encode()).hexdigest()
        return cls._of_rows(listed, votes, packs, sha256, Path("the list of candidates"))

    @classmethod
    def _of_rows(
        cls, rows: list[_Row], votes: NDArray[np.int64], packs: Location, sha: str, path: Path
    ) -> Self:
        columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
        candidate = np.array(columns[0], dtype=np.int64)
        values, times = np.unique(candidate, return_counts=True)
        if (times > 1).any():
            raise ValueError(f"{path}: candidate {values[times > 1][0]} is listed twice.")
        return cls(
            packs=packs,
            sha256=sha,
            candidate=candidate,
            field=np.array(columns[1], dtype=np.str_),
            catalogue_id=np.array(columns[2], dtype=np.str_),
            pack=np.array(columns[3], dtype=np.str_),
            row=np.array(columns[4], dtype=np.int64),
            split=np.array(columns[5], dtype=np.str_),
            label=np.array(columns[6], dtype=np.int64),
            votes=votes,
        )

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.candidate)

    def labelled(self, split: str) -> NDArray[np.int64]:
        """Return positions (n,) of the candidates of a split that have a label."""
        return np.flatnonzero((self.split == split) & (self.label != UNLABELLED))

    def labels(self, split: str) -> dict[int, int]:
        """Return the labels of a split, by candidate."""
        rows = self.labelled(split)
        return dict(zip(self.candidate[rows].tolist(), self.label[rows].tolist(), strict=True))

    def to_train_on(self, classes: int) -> NDArray[np.int64]:
        """Return positions (n,) of the labelled candidates of the training split.

        Raises NotTrainable where they hold fewer than two classes, or any label is above `classes`.
        """
        if self.label.max(initial=0) > classes:
            first = int(np.argmax(self.label > classes))
            raise NotTrainable(
                f"Candidate {self.candidate[first]} of {self.field[first]} has the label "
                f"{self.label[first]}, but the run is set up for the classes 1 to {classes}."
            )
        positions = self.labelled("train")
        check_classes(self.label[positions])
        return positions

    def changed(
        self, *, label: NDArray[np.int64] | None = None, split: NDArray[np.str_] | None = None
    ) -> Self:
        """Return the same candidates with other labels or splits, and another fingerprint."""
        label = self.label if label is None else label
        split = self.split if split is None else split
        rows = "".join(f"{row},{of}\n" for row, of in zip(label, split, strict=True))
        sha256 = hashlib.sha256(self.sha256.encode() + rows.encode()).hexdigest()
        return replace(self, sha256=sha256, label=label, split=split)


def encode_training_set(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the file of a training set, with votes; None is an empty cell."""
    return "".join(csv_lines((*COLUMNS, *VOTE_COLUMNS), rows)).encode()


def check_classes(labels: NDArray[np.int64]) -> None:
    """Raise NotTrainable unless `labels`, from 1 up, hold at least two classes."""
    classes = np.unique(labels)
    if len(classes) < 2:
        content = f"only class {classes[0]}" if len(classes) else "no label"
        raise NotTrainable(
            f"A network needs at least two classes to tell apart, but the training split has "
            f"{content}: label more candidates, then train again."
        )


def _parse(cells: list[str], classes: int) -> _Row:
    if len(cells) != len(COLUMNS) + classes:
        raise ValueError(f"{len(cells)} cells where there must be {len(COLUMNS) + classes}.")
    candidate, field, catalogue_id, pack, row, split, label, *votes = cells
    if not pack or Path(pack).name != pack or "\\" in pack:
        raise ValueError(f"pack {pack!r} must be a name without a folder.")
    if split not in SPLITS:
        raise ValueError(f"split {split!r} must be train or control.")
    return (
        _whole(candidate, "candidate"),
        field,
        catalogue_id,
        pack,
        _whole(row, "row"),
        split,
        _class(label) if label else UNLABELLED,
        [_whole(count or "0", f"n_class{i}") for i, count in enumerate(votes, start=1)],
    )


def _class(cell: str) -> int:
    if not (label := _whole(cell, "label")):
        raise ValueError("label '0' must be a class from 1 up, or empty.")
    return label


def _whole(cell: str, column: str) -> int:
    if not (cell.isascii() and cell.isdigit()) or len(cell) > 18:
        raise ValueError(f"{column} {cell!r} must be a whole number, 0 or more.")
    return int(cell)
