"""Read the predictions of another network: four probabilities and a class for each candidate.

There are four formats, recognised by the content of the file:

starcnet  StarcNet's text: id, x, y, class and "[p1 - p2 - p3 - p4]", rounded to 0.01; no header.
scores    StarcNet's array: a .npy file (N, 4) of scores, which softmax makes probabilities, or of
          probabilities; one row for each candidate of the field, in the order of its catalogue.
table     Any table that a catalogue may be, with the columns id and p_class1 ... p_class4, by these
          names or mapped to them.
classes   A table with the columns id, class and quality: the share, at least 1/4, of an ensemble
          that names the class, as PHANGS-HST publishes it. The other classes share the rest evenly.

Values  An array holds probabilities if most of its rows do: from 0 to 1, with a sum of 1. Rows of
        real scores do so by accident only, so softmax is applied to all other arrays, logarithms of
        probabilities among them. Percentages are refused in every format, as is an array in which
        all numbers are from 0 to 1 and the rows do not add up to 1.
Shapes  N rows, K = 4 classes. NaN and infinity are refused in every format.
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
from labeling.files.limits import LimitExceeded, check_table
from labeling.ingest.column_names import near
from labeling.ingest.errors import BadInput
from labeling.ingest.missing_values import MissingValues
from labeling.ingest.table_data import from_astropy
from labeling.ingest.table_files import load_table
from labeling.ingest.table_options import TableOptions
from labeling.ingest.table_reader import ColumnNames, TableReader
from labeling.number_texts import count_text

STARCNET, SCORES, TABLE, CLASSES_AND_QUALITY = "starcnet", "scores", "table", "classes"
FORMATS = (STARCNET, SCORES, TABLE, CLASSES_AND_QUALITY)
PROBABILITIES = "probabilities"
_COLUMNS = ("id", *PROBABILITY_COLUMNS, "class", "quality")

SUM_TOLERANCE = 0.02
"""Largest difference of the sum from 1: the effect of rounding four probabilities to 0.01."""

# The header of a .npy file is a Python literal; numpy does not catch all errors of reading it.
_UNREADABLE = (OSError, ValueError, EOFError, OverflowError, SyntaxError, TypeError, TokenError)

_NUMPY_MAGIC = b"\x93NUMPY"
_STARCNET_ROW = re.compile(
    r"\s*(\S+)\s+\S+\s+\S+\s+(\S+)\s+"
    r"\[\s*" + r"\s+-\s+".join([r"([^\s\[\]]+)"] * len(CLASSES)) + r"\s*\]\s*"
)


@dataclass(frozen=True)
class Probabilities:
    """A network's predictions, in the order of the file's rows."""

    path: Path
    format: str
    ids: list[str] | None
    """Catalogue ids; None if the rows are the field's candidates in catalogue order."""
    p_NK: NDArray[np.float64]
    """Probabilities; rows add up to 1."""
    label_N: NDArray[np.int64]
    """The most probable class, from 1."""
    content: str = PROBABILITIES
    """What the file holds: PROBABILITIES, CLASSES_AND_QUALITY, or SCORES, made probabilities by
    softmax."""
    notes: tuple[str, ...] = ()


def read_probabilities(
    path: Path, fmt: str | None = None, options: TableOptions | None = None
) -> Probabilities:
    """Read a file in one of FORMATS, by default the one it is recognised as. Raises BadInput."""
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    options = options or TableOptions()
    fmt = fmt or format_of(path, options)
    if fmt == SCORES:
        p_NK, content = _probabilities_of_array(path, _array(path))
        return Probabilities(path, fmt, None, p_NK, p_NK.argmax(axis=1) + 1, content)
    if fmt == STARCNET:
        return _of_starcnet(path)
    return _of_table(path, options, fmt)


def _of_starcnet(path: Path) -> Probabilities:
    data = from_astropy(path, _starcnet_table(path))
    if not data.n_rows:
        raise BadInput(f"{path}: holds no predictions.")
    reader = TableReader(data, ColumnNames(path, data.names, {}), MissingValues())
    p_NK = _normalise(path, np.column_stack([reader.required(p) for p in PROBABILITY_COLUMNS]))
    label_N = _check_most_probable(path, reader.classes("class"), p_NK)
    return Probabilities(path, STARCNET, reader.ids(), p_NK, label_N)


def _of_table(path: Path, options: TableOptions, fmt: str) -> Probabilities:
    """Read a table of probabilities, or of classes and their quality."""
    for name in options.columns:
        if name not in _COLUMNS:
            raise BadInput(
                f"{path}: --column {name}={options.columns[name]}: {name!r} is not a column of "
                f"predictions ({', '.join(_COLUMNS)}){near(name, _COLUMNS) or '.'}"
            )
    columns: list[ColumnNames] = []

    def choose(names: list[str], *, has_header: bool) -> set[str]:
        if options.header and not has_header and names:
            raise BadInput(
                f"{path}: not a readable table: the first line holds numbers where the names of "
                "the columns belong; number them: --no-header --column id=1 …"
            )
        columns.append(ColumnNames(path, names, options.columns))
        return {column for name in _COLUMNS if (column := columns[-1].find(name))}

    data = load_table(path, options, choose)
    if not data.n_rows:
        raise BadInput(f"{path}: holds no predictions.")
    reader = TableReader(data, columns[-1], MissingValues.of(options.missing))
    by_class = fmt == CLASSES_AND_QUALITY or (
        reader.names.find(PROBABILITY_COLUMNS[0]) is None
        and reader.names.find("class") is not None
        and reader.names.find("quality") is not None
    )
    names = ("id", "class", "quality") if by_class else ("id", *PROBABILITY_COLUMNS)
    if missing := [name for name in names if reader.names.find(name) is None]:
        raise BadInput(
            f"{reader.names.no_column(min(missing), min(missing))} Predictions need the columns "
            f"id, {', '.join(PROBABILITY_COLUMNS)}, or id, class, quality."
        )
    if by_class:
        p_NK, label_N, ids, notes = _of_classes(reader)
        content = CLASSES_AND_QUALITY
    else:
        p_NK = _normalise(path, np.column_stack([reader.required(p) for p in PROBABILITY_COLUMNS]))
        label_N, ids, notes, content = p_NK.argmax(axis=1) + 1, reader.ids(), (), PROBABILITIES
    return Probabilities(path, fmt, ids, p_NK, label_N, content, notes)


def _of_classes(
    reader: TableReader,
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str], tuple[str, ...]]:
    """Return probabilities (N, K), classes and ids of the rows that have a class.

    Classes above 4 are kinds of artefacts, which are class 4.
    """
    label_N = reader.classes(str(reader.names.find("class")), artefacts_above=len(CLASSES))
    quality_N = reader.numbers(str(reader.names.find("quality")))
    ids = reader.ids()
    classified_N = label_N > 0
    rows = np.flatnonzero(classified_N)
    if not len(rows):
        raise BadInput(f"{reader.data.path}: no row has a class.")
    label_N, quality_N = label_N[rows].astype(np.int64), quality_N[rows]
    wrong_N = ~((quality_N >= 1 / len(CLASSES)) & (quality_N <= 1))
    if wrong_N.any():
        row = int(wrong_N.argmax())
        raise reader.error(
            int(rows[row]) + 1,
            f"the quality {quality_N[row]:g} is not the share of an ensemble that names the class "
            "(from 0.25 to 1)",
        )
    p_NK = np.repeat((1 - quality_N)[:, None] / (len(CLASSES) - 1), len(CLASSES), axis=1)
    p_NK[np.arange(len(rows)), label_N - 1] = quality_N
    n_without = int((~classified_N).sum())
    rows_text = count_text(n_without, "row without a class is", "rows without a class are")
    notes = (f"{rows_text} left out.",) if n_without else ()
    return p_NK, label_N, [ids[row] for row in rows], notes


def format_of(path: Path, options: TableOptions | None = None) -> str:
    """Return the one of FORMATS that the file's name and content indicate."""
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf")
    if path.suffix.lower() == ".npy" or start.startswith(_NUMPY_MAGIC):
        return SCORES
    first = next(iter(_data_lines(start.decode("utf-8", errors="replace"))), "")
    if re.match(r"\s*(\S+\s+){4}\[", first):
        return STARCNET
    is_table = options is not None and (options.columns or not options.header or options.format)
    if path.suffix.lower() == ".tab" and not is_table:
        return STARCNET
    return TABLE


def _starcnet_table(path: Path) -> Table:
    """Read StarcNet's text; all cells are text."""
    rows = []
    for number, line in enumerate(_data_lines(_read_text(path)), 1):
        match = _STARCNET_ROW.fullmatch(line)
        if match is None:
            excerpt = line if len(line) < 60 else f"{line[:60]} …"
            raise BadInput(
                f"{path}, row {number}: {excerpt!r} is not “id x y class [p1 - p2 - p3 - p4]”; is "
                "the file complete?"
            )
        rows.append(match.groups())
    names = ["id", "class", *PROBABILITY_COLUMNS]
    return Table(rows=rows, names=names, dtype=[str] * len(names)) if rows else Table(names=names)


def _data_lines(text: str) -> list[str]:
    """Return the lines that are neither empty nor comments."""
    return [line for line in text.splitlines() if line.strip()[:1] not in {"", "#"}]


def _read_text(path: Path) -> str:
    """Read the file as UTF-8. Raises BadInput."""
    try:
        check_table(path)
        return path.read_text(encoding="utf-8-sig")
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not a text file ({error}).") from None


def _probabilities_of_array(
    path: Path, value_NK: NDArray[np.float64]
) -> tuple[NDArray[np.float64], str]:
    """Return the probabilities (N, K), and whether the array held them or scores.

    Raises BadInput for an array that holds neither.
    """
    fractions = bool(((value_NK >= 0) & (value_NK <= 1)).all())
    if fractions or _most_rows_are_shares(value_NK, 1) or _most_rows_are_shares(value_NK, 100):
        return _normalise(path, value_NK, "Scores would not lie between 0 and 1."), PROBABILITIES
    return _softmax(value_NK), SCORES


def _most_rows_are_shares(value_NK: NDArray[np.float64], whole: int) -> bool:
    """True if at least half of the rows (N, K) divide the whole: none negative, and their sum."""
    shares_N = (value_NK >= 0).all(axis=1)
    with np.errstate(over="ignore"):
        shares_N &= np.abs(value_NK.sum(axis=1) - whole) <= SUM_TOLERANCE * whole + 1e-9
    return bool(shares_N.mean() >= 0.5)


def _normalise(path: Path, p_NK: NDArray[np.float64], hint: str = "") -> NDArray[np.float64]:
    """Check that the rows are probabilities, and scale them to add up to 1.

    Raises BadInput; the hint is for rows that do not add up to 1.
    """
    if _most_rows_are_shares(p_NK, 100):
        raise BadInput(f"{path}: holds percentages ({_text(p_NK[0])}); divide all numbers by 100.")
    outside_N = ((p_NK < 0) | (p_NK > 1)).any(axis=1)
    if outside_N.any():
        row = int(outside_N.argmax())
        raise BadInput(
            f"{path}, row {row + 1}: {_text(p_NK[row])} are not all from 0 to 1, as "
            "probabilities are."
        )
    sum_N = p_NK.sum(axis=1)
    # The small addition allows for the binary representation of decimal fractions.
    invalid_N = np.abs(sum_N - 1) > SUM_TOLERANCE + 1e-9
    if invalid_N.any():
        row = int(invalid_N.argmax())
        raise BadInput(
            f"{path}, row {row + 1}: {_text(p_NK[row])} add up to {sum_N[row]:.3g}, not to 1. "
            f"{hint}".rstrip()
        )
    normalised_NK: NDArray[np.float64] = p_NK / sum_N[:, None]
    return normalised_NK


def _check_most_probable(
    path: Path, label_N: NDArray[np.int_], p_NK: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the file's classes, which decide where rounding made two probabilities equal.

    Raises BadInput for a class that is not among the most probable ones.
    """
    named_N = np.take_along_axis(p_NK, np.maximum(label_N - 1, 0)[:, None], axis=1)[:, 0]
    wrong_N = (label_N == 0) | (named_N < p_NK.max(axis=1))
    if wrong_N.any():
        row = int(wrong_N.argmax())
        raise BadInput(
            f"{path}, row {row + 1}: class {label_N[row]} is not the most probable one of "
            f"{_text(p_NK[row])}."
        )
    return label_N.astype(np.int64)


def _text(p_K: NDArray[np.float64]) -> str:
    return ", ".join(f"{p:.3g}" for p in p_K)


def _array(path: Path) -> NDArray[np.float64]:
    """Read the finite numbers (N, K) of a .npy file. Raises BadInput."""
    try:
        # Mapped, not read: the header of a damaged file may declare any number of rows.
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
    # Subtracting the largest score prevents overflow in exp.
    with np.errstate(over="ignore", under="ignore"):
        e_NK = np.exp(score_NK - score_NK.max(axis=1, keepdims=True))
    p_NK: NDArray[np.float64] = e_NK / e_NK.sum(axis=1, keepdims=True)
    return p_NK
