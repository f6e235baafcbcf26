"""Confusion matrices as rows of cells for a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from classifier.core.classes import CLASSES

SHADES = 5
"""Number of background shades above none, from 0 to 100 %."""


@dataclass(frozen=True)
class Cell:
    """One cell: the count, and the percentage of its row with its spread over members."""

    count: int
    percent: float | None
    spread: float | None = None

    @property
    def shade(self) -> int:
        """Background shade of the cell, 0 to SHADES."""
        return 0 if self.percent is None else round(self.percent / 100 * SHADES)


@dataclass(frozen=True)
class MatrixRow:
    """The candidates of one class by the first rater, or by the labels."""

    name: str
    cells: list[Cell]

    @property
    def total(self) -> int:
        """Number of candidates in the row."""
        return sum(cell.count for cell in self.cells)


def evaluation_rows(confusion: Mapping[str, Any]) -> list[MatrixRow]:
    """Return the matrix of a run's evaluation; rows are the labels."""
    means, spreads = confusion["percent"]["mean"], confusion["percent"]["std"]
    columns = (confusion["classes"], confusion["ensemble"], means, spreads)
    return [
        MatrixRow(name, [Cell(*values) for values in zip(*row, strict=True)])
        for name, *row in zip(*columns, strict=True)
    ]


def counted_rows(confusion: Sequence[Sequence[int]]) -> list[MatrixRow]:
    """Return a matrix of counts with the percentages of its rows."""
    return [
        MatrixRow(str(label), [Cell(n, 100 * n / sum(row) if sum(row) else None) for n in row])
        for label, row in zip(CLASSES, confusion, strict=True)
    ]


def estimated_rows(matrix: Sequence[Sequence[float]]) -> list[MatrixRow]:
    """Return a matrix of probabilities as percentages without counts; NaN is unknown."""
    return [
        MatrixRow(str(label), [Cell(0, None if isnan(share) else 100 * share) for share in row])
        for label, row in zip(CLASSES, matrix, strict=True)
    ]
