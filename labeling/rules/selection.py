"""Selection of cluster candidates among detected sources, as in LEGUS and PHANGS-HST.

Arrays   (N,) sources, NaN where something could not be measured.
Sources  Adamo et al. 2017, ApJ 841, 131, section 3: a concentration index above that of stars, an
         error of at most 0.3 mag in at least four bands, an absolute magnitude in V brighter than
         -6. Thilker et al. 2022, MNRAS 509, 4094, for galaxies far away. Mode of a sample: Bickel
         and Fruehwirth 2006, CSDA 50, 3500.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log10

import numpy as np
from numpy.typing import NDArray

from labeling.number_texts import count_text

Numbers = NDArray[np.float64]

MAX_ERROR_MAG = 0.3
MIN_BANDS = 4
FAINTEST_M_V = -6.0

_FEWEST_STARS = 20
_LOCUS_SIGMAS = 3.0
"""Width of the stars' locus that the threshold leaves out."""
_PER_MAD = 1.4826


class TooFewStars(ValueError):
    """A threshold for the concentration index cannot be measured; the text says why."""


@dataclass(frozen=True)
class Cuts:
    """Which sources are candidates; None leaves a cut out."""

    min_ci: float | None = None
    """Least concentration index, mag(1 px) - mag(3 px)."""
    max_error_mag: float | None = None
    """Largest error of a magnitude that counts as a detection."""
    min_bands: int = MIN_BANDS
    """Least number of bands with such a detection."""
    faintest_m_v: float | None = None
    """Faintest absolute magnitude in V; needs `distance_mpc`."""
    distance_mpc: float | None = None

    @property
    def faintest_v(self) -> float:
        """Faintest apparent magnitude in V; infinite without a limit."""
        if self.faintest_m_v is None or self.distance_mpc is None:
            return inf
        return self.faintest_m_v + distance_modulus(self.distance_mpc)


@dataclass(frozen=True)
class CutResult:
    """What one cut did: a sentence, and the sources that it leaves, whatever the others do."""

    name: str
    text: str
    passed: NDArray[np.bool_]


@dataclass(frozen=True)
class Selection:
    """The results of all cuts, in the order in which they are made."""

    results: list[CutResult]
    n_sources: int

    @property
    def selected(self) -> NDArray[np.bool_]:
        """True (N,) for sources that pass every cut."""
        return self.passed_first(len(self.results))

    def passed_first(self, count: int) -> NDArray[np.bool_]:
        """Return True (N,) for sources that pass the first so many cuts."""
        passed = np.ones(self.n_sources, dtype=bool)
        for result in self.results[:count]:
            passed &= result.passed
        return passed

    def counts(self) -> list[dict[str, str | int]]:
        """Return for each cut how many sources it removes of those left, and how many alone."""
        rows: list[dict[str, str | int]] = []
        for number, result in enumerate(self.results):
            before, after = self.passed_first(number), self.passed_first(number + 1)
            rows.append(
                {
                    "cut": result.name,
                    "text": result.text,
                    "removed": int(before.sum() - after.sum()),
                    "removed_alone": int((~result.passed).sum()),
                    "left": int(after.sum()),
                }
            )
        return rows


def select(
    cuts: Cuts, ci: Numbers, errors: Mapping[str, Numbers], magnitude_v: Numbers | None
) -> Selection:
    """Return which sources pass the cuts.

    `errors` are those of the magnitudes by band. A source fails a cut for which it lacks the
    measurement. Without V, `magnitude_v` is None; raises ValueError if a cut needs it.
    """
    results = []
    if cuts.min_ci is not None:
        text = f"concentration index of at least {cuts.min_ci:.2f} mag"
        results.append(CutResult("ci", text, ci >= cuts.min_ci))
    if cuts.max_error_mag is not None:
        good = [values <= cuts.max_error_mag for values in errors.values()]
        count = np.sum(good, axis=0) if good else np.zeros(len(ci), dtype=int)
        text = f"error of at most {cuts.max_error_mag:g} mag in at least "
        text += count_text(cuts.min_bands, "band")
        results.append(CutResult("bands", text, count >= cuts.min_bands))
    if cuts.faintest_m_v is not None:
        if magnitude_v is None or cuts.distance_mpc is None:
            raise ValueError("an absolute magnitude needs V, its zero point and the distance")
        text = (
            f"M_V of {cuts.faintest_m_v:g} or brighter at {cuts.distance_mpc:g} Mpc "
            f"(V of at most {cuts.faintest_v:.2f})"
        )
        results.append(CutResult("luminosity", text, magnitude_v <= cuts.faintest_v))
    return Selection(results, len(ci))


def distance_modulus(distance_mpc: float) -> float:
    """Return apparent less absolute magnitude at a distance, without extinction."""
    return 5 * log10(distance_mpc * 1e5)


@dataclass(frozen=True)
class StellarLocus:
    """The concentration index of isolated stars: its peak, its scatter, and their number."""

    peak: float
    sigma: float
    stars: int

    @property
    def threshold(self) -> float:
        """The concentration index above which a source is hardly a star."""
        return self.peak + _LOCUS_SIGMAS * self.sigma


def stellar_locus(ci_of_isolated: Numbers) -> StellarLocus:
    """Return the locus of stars among the concentration indices of isolated, bright sources.

    Stars share one index, so that they are its densest part; clusters lie above it. The scatter
    is therefore measured below the peak. Raises TooFewStars.
    """
    sample = np.sort(ci_of_isolated[np.isfinite(ci_of_isolated)])
    if len(sample) < _FEWEST_STARS:
        raise TooFewStars(
            f"there are {len(sample)} bright isolated sources, and {_FEWEST_STARS} are needed to "
            "measure the concentration index of stars"
        )
    peak = half_sample_mode(sample)
    below = peak - sample[sample <= peak]
    sigma = _PER_MAD * float(np.median(below))
    near = np.abs(sample - peak) <= _LOCUS_SIGMAS * sigma
    return StellarLocus(peak, sigma, int(near.sum()))


def half_sample_mode(ascending: Numbers) -> float:
    """Return the mode of sorted values: the densest half of the densest half, and so on."""
    sample = ascending
    while len(sample) > 3:
        half = (len(sample) + 1) // 2
        spans = sample[half - 1 :] - sample[: len(sample) - half + 1]
        first = int(spans.argmin())
        sample = sample[first : first + half]
    return float(sample.mean())
