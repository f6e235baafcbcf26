"""The random orders in which candidates are served.

They depend on the field's name and the catalogue id alone, so that they never change. The strategy
*random* orders the training pool by `random_value`.
"""

from fractions import Fraction
from functools import cache
from math import ceil

from classifier.core.control_sample import name_hash


def shuffle_key(field: str, catalogue_id: str) -> int:
    """Return the number in [0, 2**63) by which the candidate is sorted in random order."""
    return name_hash("shuffle", field, catalogue_id)


def random_value(candidate: int) -> float:
    """Return a pseudo-random number in [0, 1) for a candidate's primary key."""
    return name_hash("chance", "", str(candidate)) / 2**63


def takes_control(position: int, share: float, expert: int) -> bool:
    """True if an expert's lease at this position, from 0, comes from the control sample.

    Each block of 1 / share leases has one, at a position that the expert cannot foresee.
    """
    return position == _slot(position, share, f"control/{expert}")[1]


def takes_repeat(position: int, share: float, control_share: float, expert: int) -> bool:
    """True if the lease at this position, one from the pool, is a hidden repeat instead.

    Repeats replace leases from the pool only, so that the control sample keeps its share.
    """
    if control_share >= 1:
        return False
    position_in_pool = position - _count_before(position, control_share, f"control/{expert}")
    share = min(1.0, share / (1 - control_share))
    return position_in_pool == _slot(position_in_pool, share, f"repeat/{expert}")[1]


def _slot(position: int, share: float, salt: str) -> tuple[int, int | None]:
    """Return the block that a position lies in, and the position that is chosen in this block."""
    exact_share = _as_fraction(share)
    if not exact_share:
        return 0, None
    block = int(position * exact_share)
    first, stop = ceil(block / exact_share), ceil((block + 1) / exact_share)
    return block, first + name_hash("place", salt, str(block)) % (stop - first)


@cache
def _as_fraction(share: float) -> Fraction:
    """Return the share as the fraction that was meant: 0.2 is a fifth."""
    return Fraction(share).limit_denominator(10_000)


def _count_before(position: int, share: float, salt: str) -> int:
    """Return the number of chosen positions before this one."""
    block, slot = _slot(position, share, salt)
    return block + (slot is not None and slot < position)
