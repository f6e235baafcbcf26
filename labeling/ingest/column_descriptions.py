"""Descriptions of the columns of tables that have no names in them, or those of a survey.

A description is one of those shipped here, or a text file such as LEGUS's own: lines "N. text" with
the number of a column and what it holds. These texts have a meaning, in any case and order:

    source id · x … · y … · RA … · DEC … · mag … FILTER · photometric error … FILTER · CI …
    a "class … mode" or "class … mean"      classes by LEGUS, reference labels
    reference SOURCE                        classes 0 to 4, reference labels of that source
    keep NAME                               kept with the candidate under that name

A sentence "When 66.666 appears in a photometry column …" names a magnitude for "no value"; a line
"origin 0" says that x and y count from 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from classifier.core.bands import BANDS, band_of
from labeling.files.limits import MAX_COLUMNS, LimitExceeded
from labeling.ingest.column_names import is_standard
from labeling.ingest.errors import BadInput

_NUMBERED = re.compile(r"\s*(\d+)\s*[.:)]\s*(\S.*)")
_MISSING = re.compile(r"When\s+(-?[\d.]+)\s+appears")
_ORIGIN = re.compile(r"#?\s*origin\s*[=:]?\s*([01])\s*", re.IGNORECASE)
_FILTER = re.compile(r"\bF\d{3}W\b", re.IGNORECASE)
_MAX_TEXT = 2**20
_LEGUS_COLUMNS = 33
_OF_FIT = ("best", "max", "min")


_LEGUS_TEXTS = {
    f"col{n}": text
    for n, text in enumerate(
        (
            *("source id", "x", "y", "RA", "DEC"),
            *(f"{kind} {band}" for band in BANDS for kind in ("mag", "error")),
            "CI",
            *(f"{end} {name}" for name in ("age", "mass", "E(B-V)") for end in _OF_FIT),
            *(f"fit residual {band}" for band in BANDS),
            *("reduced chi2", "Q probability", "number of filters"),
        ),
        1,
    )
}
"""What LEGUS's columns hold before those of classes, by its own description."""


@dataclass(frozen=True)
class ColumnDescription:
    """Which column of a table holds what. Columns without names are col1, col2 …"""

    name: str
    columns: Mapping[str, str]
    """The table's columns by standard name."""
    references: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    """Columns to keep, each NAME or NAME=COLUMN; those that the table lacks are left out."""
    missing: tuple[str, ...] = ()
    n_columns: int | None = None
    """Number of columns of the table, if that is part of the description."""
    origin: int | None = None
    """Number of the first pixel in x and y, if that is known."""
    artefacts_above: int | None = None
    """Classes above this number are kinds of artefacts, which are class 4."""
    by_number: bool = True
    texts: Mapping[str, str] = field(default_factory=dict)
    """What each column holds, in words."""


def _legus(n_columns: int, references: Mapping[str, int]) -> ColumnDescription:
    """Return LEGUS's columns; the filters are in order of wavelength."""
    columns = {name: f"col{n}" for n, name in enumerate(("id", "x", "y", "ra", "dec"), 1)}
    for n, band in enumerate(BANDS):
        columns[f"mag_{band}"] = f"col{6 + 2 * n}"
        columns[f"err_{band}"] = f"col{7 + 2 * n}"
    return ColumnDescription(
        name=f"legus-{n_columns}",
        columns=columns | {"ci": "col16"},
        references={source: f"col{number}" for source, number in references.items()},
        n_columns=None if n_columns == _LEGUS_COLUMNS else n_columns,
        texts=_LEGUS_TEXTS | {f"col{n}": f"class, {source}" for source, n in references.items()},
    )


def _phangs() -> ColumnDescription:
    """Return PHANGS-HST's columns, but for magnitudes (phangs_photometry)."""
    classes = "PHANGS_CLUSTER_CLASS"
    fit = ("AGE", "MASS", "EBV")
    return ColumnDescription(
        name="phangs-hst",
        columns={
            "id": "INDEX",
            "x": "PHANGS_X",
            "y": "PHANGS_Y",
            "ra": "PHANGS_RA",
            "dec": "PHANGS_DEC",
            "ci": "PHANGS_CI",
        },
        references={
            "PHANGS-HST, human": f"{classes}_HUMAN",
            "PHANGS-HST, VGG": f"{classes}_ML_VGG",
            "PHANGS-HST, VGG corrected": f"{classes}_ML_VGG_CORR",
        },
        keep=(
            *(f"{classes}_{kind}" for kind in ("HUMAN", "ML_VGG", "ML_VGG_CORR", "ML_VGG_QUAL")),
            "PHANGS_NON_DETECTION_FLAG",
            "PHANGS_NO_COVERAGE_FLAG",
            *(f"PHANGS_{name}_MINCHISQ{error}" for name in fit for error in ("", "_ERR")),
            "PHANGS_REDUCEDCHISQ_MINCHISQ",
        ),
        missing=("-9999",),
        origin=0,
        artefacts_above=3,
        by_number=False,
    )


SHIPPED: Mapping[str, ColumnDescription] = {
    description.name: description
    for description in (
        _legus(33, {}),
        _legus(35, {"LEGUS, mode": 34}),
        _legus(
            39,
            {
                "LEGUS, hybrid": 34,
                "LEGUS, mode of three": 36,
                "LEGUS, machine": 37,
                "LEGUS, one person after the machine": 38,
                "LEGUS, re-inspection of class 4": 39,
            },
        ),
        _phangs(),
    )
}
"""By name. legus-33 is for LEGUS tables of 33 columns or more, without their classes."""


def is_phangs(names: list[str]) -> bool:
    """True if these columns are those of a PHANGS-HST catalogue."""
    upper = {name.upper() for name in names}
    return {"PHANGS_X", "PHANGS_Y"} <= upper or {"PHANGS_RA", "PHANGS_DEC"} <= upper


def phangs_photometry(names: list[str]) -> dict[str, str]:
    """Return the Vega magnitudes of PHANGS-HST and their errors by standard name."""
    photometry: dict[str, str] = {}
    pattern = re.compile(r"PHANGS_(F\d{3}W)_VEGA(?:_TOT)?(_ERR)?", re.IGNORECASE)
    for name in sorted(names, key=len, reverse=True):
        if not (match := pattern.fullmatch(name)):
            continue
        try:
            band_of(match[1])
        except ValueError:
            continue
        kind = "err" if match[2] else "mag"
        photometry.setdefault(f"{kind}_{match[1].upper()}", name)
    return photometry


def legus_description(path: Path, n_columns: int) -> ColumnDescription:
    """Return the description of a LEGUS file by its number of columns. Raises BadInput."""
    if n_columns < _LEGUS_COLUMNS:
        raise BadInput(
            f"{path}: a LEGUS table has {_LEGUS_COLUMNS} columns or more, not {n_columns}; for "
            "another table without a header, number its columns: --no-header --column x=2 …"
        )
    return SHIPPED.get(f"legus-{n_columns}", SHIPPED["legus-33"])


def load_description(name: str) -> ColumnDescription:
    """Return a shipped description by its name, or read one from a file. Raises BadInput."""
    if name in SHIPPED:
        return SHIPPED[name]
    path = Path(name).expanduser()
    if not path.is_file():
        raise BadInput(
            f"{name}: there is no such file, nor a column description of this name "
            f"({', '.join(SHIPPED)})."
        )
    return parse_description(path, description_text(path))


def description_text(path: Path) -> str:
    """Return the text of a description file. Raises BadInput."""
    try:
        if path.stat().st_size > _MAX_TEXT:
            raise LimitExceeded("larger than 1 MiB; it is no column description")
        return path.read_text(encoding="utf-8-sig")
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a readable column description ({error}).") from None


def parse_description(path: Path, text: str) -> ColumnDescription:
    """Return the description that a text gives. Raises BadInput."""
    texts: dict[int, str] = {}
    for line in text.splitlines():
        if not (match := _NUMBERED.fullmatch(line)):
            continue
        number = int(match[1])
        if number in texts or not 0 < number <= MAX_COLUMNS:
            raise BadInput(f"{path}: column {number} is described twice, or is no column.")
        texts[number] = match[2].strip()
    if not texts:
        raise BadInput(f"{path}: describes no columns; write lines such as “6. mag F275W”.")
    columns, references, keep = _meanings(path, texts)
    origins = {int(m[1]) for line in text.splitlines() if (m := _ORIGIN.fullmatch(line))}
    return ColumnDescription(
        name=path.name,
        columns=columns,
        references=references,
        keep=keep,
        missing=tuple(dict.fromkeys(_MISSING.findall(text))),
        n_columns=max(texts),
        origin=min(origins) if len(origins) == 1 else None,
        texts={f"col{number}": words for number, words in texts.items()},
    )


def _meanings(
    path: Path, texts: Mapping[int, str]
) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """Return columns, references and columns to keep by the words of each line."""
    columns: dict[str, str] = {}
    references: dict[str, str] = {}
    keep: list[str] = []
    for number, words in sorted(texts.items()):
        column = f"col{number}"
        kind, _, rest = words.partition(" ")
        if kind.lower() == "keep" and rest:
            keep.append(f"{rest.strip()}={column}")
        elif kind.lower() == "reference" and rest:
            references[rest.strip()] = column
        elif source := _legus_classes(words):
            references.setdefault(source, column)
        elif name := _standard_name(words):
            if name in columns:
                raise BadInput(f"{path}: columns {columns[name][3:]} and {number} are both {name}.")
            columns[name] = column
    return columns, references, tuple(keep)


def _legus_classes(words: str) -> str | None:
    """Return the source of LEGUS's classes that a text describes."""
    match = re.match(r"Final assigned class.*?\b(mode|mean)\b", words, re.IGNORECASE)
    return f"LEGUS, {match[1].lower()}" if match else None


def _standard_name(words: str) -> str | None:
    """Return the standard name of a column by its text."""
    lower = words.lower()
    if is_standard(word := re.sub(r"\W+", "_", lower).strip("_")):
        return word
    if re.match(r"(source[ _]?)?id\b", lower):
        return "id"
    if match := re.match(r"(x|y|ra|dec)(\s*$|\s+(coord|pos|pixel|\(|in\b))", lower):
        return match[1]
    if re.match(r"ci\b", lower):
        return "ci"
    filters = _FILTER.findall(words)
    is_error = bool(re.match(r"(final )?(photometric )?(err|error)\b", lower))
    is_magnitude = bool(re.match(r"(final )?(total )?mag", lower))
    if len(filters) != 1 or not (is_error or is_magnitude):
        return None
    name = filters[0].upper()
    try:
        band_of(name)
    except ValueError:
        return None
    return f"{'err' if is_error else 'mag'}_{name}"
