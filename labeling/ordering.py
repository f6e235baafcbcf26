"""Which sample a candidate belongs to, and the random order in which a sample is served.

Both are functions of the field's name and the catalogue id alone, so they are the same for
every run, for ever: no network is measured on what another one was trained on.
"""

from hashlib import sha256

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


def takes_control(served: int, share: float) -> bool:
    """Whether the lease after `served` others comes from the control sample.

    Spreads the sample evenly: over any n leases its number is within one of n * share.
    """
    return int((served + 1) * share) > int(served * share)


def takes_repeat(served: int, share: float, control_share: float) -> bool:
    """Whether the lease after `served` others, one for the pool, is a hidden repeat instead.

    Repeats take places of the pool alone, so that the control sample keeps its share.
    """
    for_pool = served - int(served * control_share)
    return control_share < 1 and takes_control(for_pool, min(1.0, share / (1 - control_share)))
