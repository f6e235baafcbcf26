"""The band rule: in how many bands a candidate must be observed and detected to be put to the vote.

The default is that of Wei et al. (2020), section 2: four of five.
"""

from dataclasses import dataclass

from classifier.core.bands import BANDS

MIN_BANDS = 4
"""Default of both numbers."""

NO_STAMP = "no stamp was cut when it was imported"
"""Reason of candidates that only a former rule set aside, when those got no stamps."""

_REASONS = ("observed in ", "detected in ", NO_STAMP)


@dataclass(frozen=True)
class BandRule:
    """Smallest numbers of bands that cover a candidate, and in which it has a magnitude."""

    min_observed: int = MIN_BANDS
    min_detected: int = MIN_BANDS

    def reason_to_set_aside(self, n_observed: int, n_detected: int, n_magnitudes: int) -> str:
        """Return why such a candidate is set aside; an empty text if it is not.

        `n_magnitudes` is the number of bands of which the catalogue has magnitudes; without any,
        nobody knows where its sources are detected, and only the bands observed count.
        """
        if n_observed < self.min_observed:
            return f"observed in {n_observed} of {len(BANDS)} filters"
        if n_magnitudes and n_detected < self.min_detected:
            return f"detected in {n_detected} of {n_magnitudes} filters"
        return ""


def is_by_band_rule(reason: str) -> bool:
    """True if the rule gave this reason to set a candidate aside, or none."""
    return not reason or reason.startswith(_REASONS)
