"""How imports report their progress."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with the steps that are complete, the number of all steps, and what is being done."""


def no_progress(_complete: int, _total: int, _step: str) -> None:
    """Report nothing."""
