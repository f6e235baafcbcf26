"""Which sample a candidate belongs to, and the random order in which a sample is served.

Both are functions of the field's name and the catalogue id alone, so they are the same for
every run, for ever: no network is measured on what another one was trained on. The strategy
*random* has an order of its own in the training pool, `random_value`.
"""

from fractions import Fraction
from functools import cache
from hashlib import sha256
from math import ceil

CONTROL_SHARE = 0.2
"""Share of the candidates that only measure and never train (Wei et al. 2020: 80 % / 20 %)."""


def _digest(salt: str, field: str, catalogue_id: str) -> int:
    """63 bits that look random, from the names."""
    text = f"asterism/{salt}/1\0{field}\0{catalogue_id}"
    return int.from_bytes(sha256(text.encode()).digest()[:8]) >> 1


def in_control_sample(field: str, catalogue_id: str) -> bool:
    """Whether the candidate measures (control sample) rather than trains (training pool)."""
    return _digest("control", field, catalogue_id) < CONTROL_SHARE * 2**63


def shuffle_key(field: str, catalogue_id: str) -> int:
    """The candidate's place in random order: a number in [0, 2**63)."""
    return _digest("shuffle", field, catalogue_id)


def random_value(candidate: int) -> float:
    """A number in [0, 1) that looks random, of a candidate by its number in the database."""
    return _digest("chance", "", str(candidate)) / 2**63


def takes_control(served: int, share: float, expert: int) -> bool:
    """Whether the lease of an expert after `served` others comes from the control sample.

    Each run of 1 / share leases has one, at a place that the expert cannot foresee.
    """
    return served == _place(served, share, f"control/{expert}")[1]


def takes_repeat(served: int, share: float, control_share: float, expert: int) -> bool:
    """Whether the lease after `served` others, one for the pool, is a hidden repeat instead.

    Repeats take places of the pool alone, so that the control sample keeps its share.
    """
    if control_share >= 1:
        return False
    for_pool = served - _before(served, control_share, f"control/{expert}")
    share = min(1.0, share / (1 - control_share))
    return for_pool == _place(for_pool, share, f"repeat/{expert}")[1]


def _place(served: int, share: float, salt: str) -> tuple[int, int | None]:
    """The number of the run that this lease is in, and the place that is taken in that run."""
    exact = _exact(share)
    if not exact:
        return 0, None
    run = int(served * exact)
    first, end = ceil(run / exact), ceil((run + 1) / exact)
    return run, first + _digest("place", salt, str(run)) % (end - first)


@cache
def _exact(share: float) -> Fraction:
    """The share as people wrote it: 0.2 is a fifth."""
    return Fraction(share).limit_denominator(10_000)


def _before(served: int, share: float, salt: str) -> int:
    """How many of the first `served` leases were taken."""
    run, place = _place(served, share, salt)
    return run + (place is not None and place < served)
