"""Options of the commands that detect and select sources, and their report."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.core.bands import band_of
from labeling.imaging.photometry import APERTURE_PX
from labeling.ingest.source_catalogue import N_SIGMA, WHITE, SourceOptions
from labeling.rules.selection import MIN_BANDS, Cuts

NONE = "none"
MEASURED = "auto"


def _number(text: str) -> float:
    """Return a finite number. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number") from None
    if not isfinite(value):
        raise ArgumentTypeError(f"{text!r} is not a finite number")
    return value


def positive(text: str) -> float:
    """Return a finite number above zero. Raises ArgumentTypeError."""
    value = _number(text)
    if value <= 0:
        raise ArgumentTypeError(f"{text} is not above zero")
    return value


def _number_or(*words: str) -> Callable[[str], float | str]:
    """Return a type of argparse that accepts a number or one of these words."""

    def parse(text: str) -> float | str:
        return text if text in words else _number(text)

    return parse


def add_detection_options(parser: CommandParser, band: str | None) -> None:
    """Declare how sources are detected and measured; None is the reference band."""
    group = parser.add_argument_group("detection and photometry")
    group.add_argument(
        "--band",
        type=_detection_band,
        default=band,
        help="band or filter of the detection, or white, the sum of all bands in units of their "
        f"noise; default: {band or 'the reference band, V where there is one'}",
    )
    group.add_argument(
        "--sigma", type=positive, default=N_SIGMA, help="threshold over the local noise; default: 5"
    )
    group.add_argument(
        "--aperture",
        type=positive,
        default=APERTURE_PX,
        metavar="PX",
        help="radius of the aperture; the sky is that from 7 to 8 px; default: 4",
    )
    group.add_argument(
        "--aperture-correction",
        type=_number_or(MEASURED, NONE),
        default=MEASURED,
        metavar="MAG",
        help="mag added to all magnitudes; auto measures it in each band from isolated clusters",
    )


def add_selection_options(
    parser: CommandParser, *, min_ci: str, max_error: str | float, faintest: str | float
) -> None:
    """Declare the cuts, with these defaults."""
    group = parser.add_argument_group("selection of candidates")
    group.add_argument(
        "--min-ci",
        type=_number_or(MEASURED, NONE),
        default=min_ci,
        metavar="MAG",
        help="least concentration index mag(1 px) - mag(3 px); auto measures where that of "
        f"isolated stars ends; none leaves the cut out; default: {min_ci}",
    )
    group.add_argument(
        "--max-error",
        type=_number_or(NONE),
        default=max_error,
        metavar="MAG",
        help="largest error of a magnitude that counts as a detection, or none; "
        f"default: {max_error}",
    )
    group.add_argument(
        "--min-detected",
        type=int,
        default=MIN_BANDS,
        metavar="N",
        help="bands in which a candidate must be detected; default: 4",
    )
    group.add_argument(
        "--faintest",
        type=_number_or(NONE),
        default=None,
        metavar="M_V",
        help="faintest absolute magnitude in V (Vega), such as -6, or -7.5 in galaxies far away; "
        f"none leaves the cut out; default: {faintest}",
    )
    group.add_argument(
        "--figures", type=Path, metavar="FOLDER", help="folder for the figures of the selection"
    )


def source_options(
    options: dict[str, Any], distance_mpc: float | None, faintest: float | None
) -> SourceOptions:
    """Return the options of a command line; `faintest` is the default of --faintest."""
    min_ci, max_error = options["min_ci"], options["max_error"]
    correction = {MEASURED: None, NONE: 0.0}.get(
        options["aperture_correction"], options["aperture_correction"]
    )
    limit = options["faintest"]
    return SourceOptions(
        band=options["band"],
        n_sigma=options["sigma"],
        aperture_px=options["aperture"],
        correction_mag=correction,
        cuts=Cuts(
            min_ci=None if min_ci in (MEASURED, NONE) else min_ci,
            max_error_mag=None if max_error == NONE else max_error,
            min_bands=options["min_detected"],
            faintest_m_v=faintest if limit is None else None if limit == NONE else limit,
            distance_mpc=distance_mpc,
        ),
        measure_min_ci=min_ci == MEASURED,
        luminosity="if possible" if limit is None else "required",
    )


def _detection_band(text: str) -> str:
    """Return WHITE or the band of a detection. Raises ArgumentTypeError."""
    if text == WHITE:
        return WHITE
    try:
        return band_of(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
