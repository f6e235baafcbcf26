"""What another network says of candidates, read into one shape: four probabilities and a class.

Three forms are known, and recognised by what is in the file:

starcnet  StarcNet's text: id, x, y, class and "[p1 - p2 - p3 - p4]", rounded to 0.01; no header.
scores    StarcNet's array: a .npy file (N, 4) of scores, which softmax makes probabilities; one
          row for each candidate of the field, in the order of its catalogue.
table     any table that astropy reads, with the columns id and p_class1 ... p_class4.

Shapes  N rows, K = 4 classes. NaN and infinity are refused in every form.
Source  Perez et al. 2021, ApJ 907, 100 (arXiv:2012.09327), and the output of its public code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from classifier.core.classes import CLASSES, PROBABILITY_COLUMNS
from labeling.ingest.errors import BadInput
from labeling.ingest.tables import Columns, data_lines, read_table, read_text

STARCNET, SCORES, TABLE = "starcnet", "scores", "table"
FORMATS = (STARCNET, SCORES, TABLE)


OFF_BY = 0.02
"""How far from 1 the four may add up to: as much as rounding each to 0.01 can do."""

# The header of a .npy file is Python, and numpy lets through what reading that may raise.
_UNREADABLE = (OSError, ValueError, EOFError, OverflowError, SyntaxError, TypeError, TokenError)

_NUMPY = b"\x93NUMPY"
_STARCNET_ROW = re.compile(
    r"\s*(\S+)\s+\S+\s+\S+\s+(\S+)\s+"
    r"\[\s*" + r"\s+-\s+".join([r"([^\s\[\]]+)"] * len(CLASSES)) + r"\s*\]\s*"
)


@dataclass(frozen=True)
class Probabilities:
    """A network's answers, in the order of the file's rows."""

    path: Path
    format: str
    ids: list[str] | None
    """Catalogue ids; None where the rows are the field's candidates in their own order."""
    p_NK: NDArray[np.float64]
    """They add up to 1."""
    label_N: NDArray[np.int64]
    """Classes from 1: the most probable."""


def read_probabilities(path: Path, fmt: str | None = None) -> Probabilities:
    """Read a file of one of FORMATS, or of the one that it looks like; raises BadInput."""
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    fmt = fmt or format_of(path)
    if fmt == SCORES:
        p_NK = _softmax(_scores(path))
        return Probabilities(path, fmt, None, p_NK, p_NK.argmax(axis=1) + 1)
    table = _starcnet_table(path) if fmt == STARCNET else read_table(path)
    if not len(table):
        raise BadInput(f"{path}: holds no predictions.")
    if missing := {"id", *PROBABILITY_COLUMNS} - {name.lower() for name in table.colnames}:
        have = " ".join(", ".join(table.colnames[:40]).split())
        raise BadInput(
            f"{path}: has no column {min(missing)!r} (it has {have}); predictions stand in the "
            f"columns id, {', '.join(PROBABILITY_COLUMNS)}."
        )
    columns = Columns(path, table, {})
    p_NK = _checked(path, np.column_stack([columns.numbers(name) for name in PROBABILITY_COLUMNS]))
    label_N = p_NK.argmax(axis=1) + 1
    if fmt == STARCNET:
        label_N = _among_the_most_probable(path, columns.classes("class"), p_NK)
    return Probabilities(path, fmt, columns.ids(), p_NK, label_N)


def format_of(path: Path) -> str:
    """The one of FORMATS that a file looks like."""
    with path.open("rb") as file:
        start = file.read(4096)
    if path.suffix.lower() == ".npy" or start.startswith(_NUMPY):
        return SCORES
    first = next(iter(data_lines(start.decode("utf-8", errors="replace"))), "")
    if path.suffix.lower() == ".tab" or re.match(r"\s*(\S+\s+){4}\[", first):
        return STARCNET
    return TABLE


def _starcnet_table(path: Path) -> Table:
    """All cells as text."""
    found = []
    for number, line in enumerate(data_lines(read_text(path)), 1):
        match = _STARCNET_ROW.fullmatch(line)
        if match is None:
            shown = line if len(line) < 60 else f"{line[:60]} …"
            raise BadInput(
                f"{path}, row {number}: {shown!r} is not “id x y class [p1 - p2 - p3 - p4]”; is "
                "the file whole?"
            )
        found.append(match.groups())
    names = ["id", "class", *PROBABILITY_COLUMNS]
    return Table(rows=found, names=names, dtype=[str] * len(names)) if found else Table(names=names)


def _checked(path: Path, p_NK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities that are some, made to add up to 1."""
    outside_N = ((p_NK < 0) | (p_NK > 1)).any(axis=1)
    if outside_N.any():
        row = int(outside_N.argmax())
        raise BadInput(f"{path}, row {row + 1}: {_shown(p_NK[row])} are not all from 0 to 1.")
    sum_N = p_NK.sum(axis=1)
    # A hair more than allowed: 0.98 is not what four decimal fractions add up to in binary.
    off_N = np.abs(sum_N - 1) > OFF_BY + 1e-9
    if off_N.any():
        row = int(off_N.argmax())
        raise BadInput(
            f"{path}, row {row + 1}: {_shown(p_NK[row])} add up to {sum_N[row]:.3g}, not to 1."
        )
    one_NK: NDArray[np.float64] = p_NK / sum_N[:, None]
    return one_NK


def _among_the_most_probable(
    path: Path, label_N: NDArray[np.int_], p_NK: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The file's own classes: of two that were rounded to the same, it knows the larger."""
    # Rounding never changes the order of two numbers, so a smaller one was no larger before.
    named_N = np.take_along_axis(p_NK, np.maximum(label_N - 1, 0)[:, None], axis=1)[:, 0]
    wrong_N = (label_N == 0) | (named_N < p_NK.max(axis=1))
    if wrong_N.any():
        row = int(wrong_N.argmax())
        raise BadInput(
            f"{path}, row {row + 1}: class {label_N[row]} is not the most probable one of "
            f"{_shown(p_NK[row])}."
        )
    return label_N.astype(np.int64)


def _shown(p_K: NDArray[np.float64]) -> str:
    return ", ".join(f"{p:.3g}" for p in p_K)


def _scores(path: Path) -> NDArray[np.float64]:
    """The array (N, K) of a .npy file."""
    try:
        # Mapped, not read: the header of a damaged file may promise any number of rows.
        scores = np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        reason = (str(error).strip().splitlines() or ["unknown format"])[0]
        raise BadInput(f"{path}: not an array of numbers that can be read ({reason}).") from None
    if not isinstance(scores, np.ndarray) or scores.dtype.kind != "f":
        raise BadInput(f"{path}: scores are one array of floating-point numbers.")
    if scores.ndim != 2 or scores.shape[1] != len(CLASSES) or not len(scores):
        raise BadInput(
            f"{path}: has the shape {scores.shape}; scores have (candidates, {len(CLASSES)})."
        )
    broken_N = ~np.isfinite(scores).all(axis=1)
    if broken_N.any():
        raise BadInput(f"{path}, row {broken_N.argmax() + 1}: holds NaN or infinity.")
    return np.array(scores, dtype=np.float64)


def _softmax(score_NK: NDArray[np.float64]) -> NDArray[np.float64]:
    # Of differences to the largest, none of which overflows to what exp cannot take.
    with np.errstate(over="ignore", under="ignore"):
        e_NK = np.exp(score_NK - score_NK.max(axis=1, keepdims=True))
    p_NK: NDArray[np.float64] = e_NK / e_NK.sum(axis=1, keepdims=True)
    return p_NK
