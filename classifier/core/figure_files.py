"""Write a figure in several formats, and its data as CSV, each file atomically."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from classifier.core.atomic_files import write_atomically
from classifier.core.csv_files import csv_lines
from classifier.core.figure_style import journal_style

DPI = 300
"""Resolution of PNG files, as journals require it."""

_WITHOUT_DATE: Mapping[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
}
"""Metadata by format; without a date the same figure gives the same bytes."""


def save(
    figure: Figure,
    path: Path,
    data: Sequence[Mapping[str, object]],
    formats: Sequence[str] = ("pdf", "png", "svg"),
) -> list[Path]:
    """Write the figure to `path` with the suffix of each format, and its data to a CSV file.

    All rows of `data` have the same keys; None is an empty cell. Return the written files. Raises
    ValueError for a format that is not pdf, png or svg.
    """
    if unknown := sorted(set(formats) - set(_WITHOUT_DATE)):
        raise ValueError(f"A figure is pdf, png or svg, not {unknown[0]}.")
    contents = {f"{path.name}.{name}": _render(figure, name) for name in formats}
    contents[f"{path.name}.csv"] = _csv_content(data)
    for name, content in contents.items():
        write_atomically(path.with_name(name), content)
    return [path.with_name(name) for name in contents]


@journal_style
def _render(figure: Figure, name: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=name, dpi=DPI, metadata=_WITHOUT_DATE[name])
    return buffer.getvalue()


def _csv_content(data: Sequence[Mapping[str, object]]) -> bytes:
    return "".join(csv_lines(data[0] if data else (), data)).encode()
