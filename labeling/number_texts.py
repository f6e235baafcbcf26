"""Numbers as they stand in sentences."""

from __future__ import annotations

from math import floor


def count_text(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, as in "1 row" and "3 rows"; `many` is `one` and s by default.

    Words that go with the number may follow: `count_text(n, "row is", "rows are")`.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def share_text(share: float) -> str:
    """Return a share in per cent, rounded down: 100 % is the whole only."""
    return f"{floor(1000 * share) / 10:g} %"
