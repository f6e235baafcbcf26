"""The control sample: the candidates on which networks are measured, and never trained.

A candidate's side depends on the field's name and the catalogue id alone, so that it never changes.
"""

from hashlib import sha256

CONTROL_SHARE = 0.2
"""Share of the candidates in the control sample (Wei et al. 2020: 80 % / 20 %)."""


def name_hash(salt: str, field: str, catalogue_id: str) -> int:
    """Return a pseudo-random number in [0, 2**63), a hash of the names."""
    text = f"asterism/{salt}/1\0{field}\0{catalogue_id}"
    return int.from_bytes(sha256(text.encode()).digest()[:8]) >> 1


def in_control_sample(field: str, catalogue_id: str, share: float = CONTROL_SHARE) -> bool:
    """True if the candidate is in the control sample, False if it is in the training pool."""
    return name_hash("control", field, catalogue_id) < share * 2**63
