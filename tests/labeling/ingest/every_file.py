"""The table of all real files: what each is imported as, and what is right.

Files are named from the folder that holds `data` and `cases`; a name with * stands for all files
that it matches. A file may have several rows: as one is refused, as another it is taken. Positions
are ICRS degrees; pixels count from 0 in (y, x), and in `centre` is the sky at the image's centre.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEGUS = "data/catalogues/hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"
COSMOS = "data/images/hst_cosmos_mef/real_galaxy_images_extension.fits"
NO_WCS = "has no celestial WCS; if x and y are all you have, import it with --no-wcs"
ONE_PIXEL = "is no two-dimensional image: it has 1 x 1 px"


@dataclass(frozen=True)
class Row:
    """One file, or several; `refused` is the sentence, or a part of it, if it is not taken."""

    file: str
    refused: str = ""

    def __str__(self) -> str:
        return self.file.removeprefix("data/")


@dataclass(frozen=True)
class Mosaic(Row):
    """`--mosaic FILTER=PATH[HDU,PLANE]`; without a WCS, with --no-wcs --pixel-scale."""

    filter: str = ""
    hdu: int | None = None
    plane: int | None = None
    no_wcs: bool = False
    band: str = ""
    read_hdu: int = 0
    shape: tuple[int, int] = (0, 0)
    centre: tuple[float, float] | None = None
    nan: int = 0
    zero: int = 0

    def request(self, path: Any) -> str:
        """The text of --mosaic."""
        numbers = [str(number) for number in (self.hdu, self.plane) if number is not None]
        place = f"[{','.join(numbers)}]" if numbers else ""
        return f"{self.filter}={path}{place}" if self.filter else f"{path}{place}"

    def __str__(self) -> str:
        return self.request(super().__str__())


@dataclass(frozen=True)
class Mosaics(Row):
    """Several mosaics of one folder, as one field: the shift of each from the reference band.

    All pixels are compared here too.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    no_wcs: bool = False
    offsets: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue(Row):
    """`import_catalogue`; `values` are single cells by id, `classes` counts of 1 to 4 by source."""

    options: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    detected: Mapping[str, int] = field(default_factory=dict)
    """Rows with a magnitude, by band."""
    classes: Mapping[str, tuple[int, int, int, int]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Description(Row):
    """`--description`: columns by standard name."""

    columns: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run(Row):
    """`import_run`: rows, and how many have each class as the most probable one."""

    rows: int = 0
    classes: tuple[int, int, int, int] = (0, 0, 0, 0)
    tolerance: float = 0.0
    """Rounding of the file's probabilities."""


@dataclass(frozen=True)
class Votes(Row):
    """`import_votes`: rows, votes by class, people, and rows that are left out."""

    answers: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    """Persons to skip: networks among the people."""
    rows: int = 0
    classes: tuple[int, int, int, int] = (0, 0, 0, 0)
    people: int = 0
    objects: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Labels(Row):
    """`import_labels`: labels 1 to 4 by the column of classes; those of class 0 are left out."""

    columns: Mapping[str, str] = field(default_factory=dict)
    source_column: str = ""
    rows: int = 0
    classes: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True)
class Stamps(Row):
    """`import_stamps`; `table` names a file beside the folder, joined by its column of files."""

    bands: tuple[str, ...] = ()
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    size: tuple[int, int] = (0, 0)
    unobserved: int = 0
    """Pictures that are black throughout."""


@dataclass(frozen=True)
class NotForImport(Row):
    """A file that no import takes, and why."""

    reason: str = ""


def _profound(name: str) -> tuple[Mosaic, Mosaic]:
    file = f"data/images/profound_ugriZ/{name}.fits"
    return (
        Mosaic(file, NO_WCS, "V"),
        Mosaic(file, "", "V", no_wcs=True, band="V", read_hdu=1, shape=(2600, 2600)),
    )


def _psf(name: str, band: str, side: int, zero: int) -> tuple[Mosaic, Mosaic]:
    file = f"data/psf/{name}.fits"
    return (
        Mosaic(file, NO_WCS),
        Mosaic(file, "", no_wcs=True, band=band, shape=(side, side), zero=zero),
    )


def _m13(compression: str) -> Mosaic:
    file, centre = f"data/odd_fits/m13_{compression}.fits", (250.422597, 36.460196)
    return Mosaic(file, "", "B", band="B", read_hdu=1, shape=(300, 300), centre=centre)


def _cfhtls(band: str) -> Mosaic:
    file, centre = f"data/images/humvi_gri/CFHTLS-test_{band}.fits", (215.538863, 52.780703)
    return Mosaic(file, "", "V", band="V", shape=(440, 440), centre=centre)


def _ps1(band: str, nan: int = 0) -> Mosaic:
    file, centre = f"data/images/humvi_gri/PS1-test_{band}.fits", (213.942695, 11.495387)
    return Mosaic(file, "", "F814W", band="I", shape=(49, 49), centre=centre, nan=nan)


def _hsc(plane: int, name: str) -> Mosaic:
    file, centre = "data/images/scarlet_hsc_grizy/Cut_HSC1.fits", (150.330377, 2.070380)
    return Mosaic(file, "", name, 0, plane, band=name, shape=(50, 50), centre=centre)


def _test0(hdu: int, ra: float, dec: float) -> Mosaic:
    file = "data/odd_fits/test0.fits"
    return Mosaic(file, "", "B", hdu, band="B", read_hdu=hdu, shape=(40, 40), centre=(ra, dec))


ABELL = "data/images/hst_abell2744_gz/abell_2744_"
CFHTLS, PS1 = (f"data/images/humvi_gri/{name}-test_*.fits" for name in ("CFHTLS", "PS1"))
ODD = "data/odd_fits/"

MOSAICS: tuple[Mosaic, ...] = (
    Mosaic(f"{ABELL}group_of_galaxies_f105w.fits.gz", "'F105W' is not a filter of the five bands"),
    Mosaic(
        f"{ABELL}group_of_galaxies_f105w.fits.gz",
        filter="I",
        band="I",
        shape=(100, 100),
        centre=(3.579604, -30.379869),
    ),
    Mosaic(
        f"{ABELL}spiral_galaxy_f105w.fits.gz",
        filter="I",
        band="I",
        shape=(150, 150),
        centre=(3.587448, -30.393319),
    ),
    Mosaic(COSMOS, "100 of its HDUs may be the image: HDU 0 (54 x 54 px, no unit), HDU 1"),
    Mosaic(COSMOS, NO_WCS, "I", 5),
    Mosaic(COSMOS, "", "I", 4, no_wcs=True, band="I", read_hdu=4, shape=(92, 92)),
    Mosaic(
        "data/images/hst_ngc4342/ngc4342.sky.fits",
        band="I",
        shape=(748, 756),
        centre=(185.912472, 7.053749),
        zero=4,
    ),
    Mosaic("data/images/humvi_gri/CFHTLS-test_g.fits", "'G.MP9401' is not a filter of the five"),
    *(_cfhtls(band) for band in "gri"),
    Mosaic("data/images/humvi_gri/PS1-test_i.fits", "the header names no filter"),
    *(_ps1(band) for band in "ri"),
    _ps1("z", nan=822),
    *_profound("u"),
    Mosaic("data/images/scarlet_hsc_grizy/Cut_HSC1.fits", "a cube of 5 planes; choose one for"),
    *(_hsc(plane, name) for plane, name in enumerate(("NUV", "U", "B", "V", "I"))),
    Mosaic(
        "data/images/scarlet_hsc_grizy/Cut_HST1.fits",
        filter="F814W",
        band="I",
        shape=(250, 250),
        centre=(150.330370, 2.070368),
    ),
    Mosaic(f"{ODD}blank.fits", ONE_PIXEL),
    Mosaic(
        f"{ODD}comp.fits",
        filter="B",
        band="B",
        read_hdu=1,
        shape=(300, 440),
        centre=(50.687242, -37.201476),
        zero=58,
    ),
    Mosaic(f"{ODD}drizzlepac_flc_24hdu.fits", "2 of its HDUs may be the image: HDU 1 SCI (10 x"),
    Mosaic(
        f"{ODD}drizzlepac_flc_24hdu.fits",
        hdu=1,
        band="V",
        read_hdu=1,
        shape=(10, 10),
        centre=(137.863658, -64.878279),
    ),
    Mosaic(
        f"{ODD}drizzlepac_flc_24hdu.fits",
        hdu=4,
        band="V",
        read_hdu=4,
        shape=(10, 10),
        centre=(137.817222, -64.889940),
    ),
    Mosaic(f"{ODD}group_invalid.fits", "its only HDU is not a two-dimensional image"),
    Mosaic(f"{ODD}header_newlines.fits", ONE_PIXEL),
    Mosaic(f"{ODD}j94f05bgq_flt.fits", "2 of its HDUs may be the image: HDU 1 SCI (1 x 1 px"),
    Mosaic(f"{ODD}j94f05bgq_flt.fits", ONE_PIXEL, hdu=1),
    *map(_m13, ("gzip", "hcomp", "plio", "rice")),
    Mosaic(f"{ODD}random_groups.fits", "its only HDU is not a two-dimensional image"),
    Mosaic(
        f"{ODD}scale.fits", filter="I", band="I", shape=(21, 20), centre=(266.958824, -29.417574)
    ),
    Mosaic(f"{ODD}test0.fits", "4 of its HDUs may be the image: HDU 1 SCI (40 x 40 px, no unit)"),
    Mosaic(f"{ODD}test0.fits", NO_WCS, "B", 1),
    Mosaic(f"{ODD}test0.fits", "'F673N' is not a filter of the five bands", hdu=2),
    _test0(2, 215.590313, -12.735006),
    _test0(3, 215.590683, -12.735368),
    _test0(4, 215.590651, -12.735324),
    Mosaic(f"{ODD}variable_length_table.fits", "none of its 2 HDUs is a two-dimensional image"),
    *_psf("acs_wfc_f435w", "B", 122, 4540),
    *_psf("acs_wfc_f555w", "V", 122, 4550),
    *_psf("acs_wfc_f606w", "V", 122, 4550),
    *_psf("acs_wfc_f814w", "I", 122, 4473),
    *_psf("wfc3_uvis_f275w", "NUV", 149, 6187),
    *_psf("wfc3_uvis_f336w", "U", 149, 6134),
    *_psf("wfc3_uvis_f438w", "B", 149, 6329),
    *_psf("wfc3_uvis_f555w", "V", 149, 6385),
    *_psf("wfc3_uvis_f814w", "I", 149, 5722),
    Mosaic("data/legus_meta/ngc1566_uvis_f658n_exp_drc_sciheader.txt", "it may be truncated"),
)

FIELDS: tuple[Mosaics, ...] = (
    Mosaics(
        "data/images/profound_ugriZ/*.fits",
        names={"NUV": "u.fits", "U": "g.fits", "B": "r.fits", "V": "i.fits", "I": "Z.fits"},
        no_wcs=True,
        offsets=dict.fromkeys(("NUV", "U", "B", "V", "I"), (0, 0)),
    ),
    Mosaics(
        CFHTLS,
        names={"B": "CFHTLS-test_g.fits", "V": "CFHTLS-test_r.fits", "I": "CFHTLS-test_i.fits"},
        offsets=dict.fromkeys("BVI", (0, 0)),
    ),
    Mosaics(
        PS1,
        names={"B": "PS1-test_r.fits", "V": "PS1-test_i.fits", "I": "PS1-test_z.fits"},
        offsets=dict.fromkeys("BVI", (0, 0)),
    ),
    Mosaics(
        "data/images/scarlet_hsc_grizy/*.fits",
        "they are shifted by (99.84, 100.26) px, scaled by 5.6000, rotated",
        names={"V": "Cut_HSC1.fits[0,1]", "I": "Cut_HST1.fits"},
    ),
    Mosaics(
        f"{ABELL}*.fits.gz",
        "covers no part of",
        names={
            "V": "abell_2744_spiral_galaxy_f105w.fits.gz",
            "I": "abell_2744_group_of_galaxies_f105w.fits.gz",
        },
    ),
)

CATALOGUES: tuple[Catalogue, ...] = (
    Catalogue(
        LEGUS,
        rows=2752,
        detected={"NUV": 2622, "U": 2674, "B": 2722, "V": 2752, "I": 2747},
        classes={
            "LEGUS, hybrid": (477, 404, 692, 878),
            "LEGUS, mode of three": (258, 214, 261, 328),
            "LEGUS, machine": (504, 311, 1082, 535),
            "LEGUS, one person after the machine": (102, 94, 111, 507),
            "LEGUS, re-inspection of class 4": (68, 110, 153, 407),
        },
        values={
            "1": {"x": 3006.141, "ra": 65.0034, "mag_NUV": None, "mag_U": 21.635, "err_U": 0.095},
            "2": {"y": 5852.267, "dec": -54.90761, "mag_NUV": 22.38, "mag_I": 22.411, "ci": 1.44},
        },
    ),
    Catalogue("data/catalogues/legus_columns_ngc628c.txt", "not a readable table"),
    Catalogue("data/catalogues/starcnet_output_ngc1566.tab", "has 33 columns or more, not 5"),
    Catalogue("data/catalogues/ngc1566_votes_long.csv", "has no column 'id'"),
    Catalogue("data/m31_stamps/labels.csv", "has no column 'id'"),
    Catalogue("data/legus_meta/ngc1566_uvis_f658n_exp_drc_sciheader.txt", "it holds images only"),
    Catalogue("data/legus_meta/header_info_ngc1559_prime.txt", "rows 2 and 4: both have the id 3"),
    Catalogue("data/legus_meta/header_info_ngc1566_prime.txt", "rows 1 and 2: both have the id 3"),
    Catalogue("data/legus_meta/header_info_ngc3351_prime.txt", "rows 1 and 2: both have the id 6"),
    Catalogue("data/legus_meta/header_info_ngc628c_prime.txt", "rows 3 and 4: both have the id 2"),
    Catalogue("data/odd_fits/variable_length_table.fits", "values of variable length"),
    Catalogue("cases/bom_catalogue/bom.csv", rows=1, values={"C1": {"x": 151.0, "y": 151.0}}),
    Catalogue(
        "cases/sentinel_magnitudes/cat.csv",
        rows=5,
        detected={"NUV": 0, "U": 0, "B": 5, "V": 5, "I": 5},
        values={
            f"S{text}": {
                "mag_NUV": None,
                "mag_U": None,
                "mag_B": 22.0,
                "mag_V": 21.5,
                "mag_I": 21.0,
            }
            for text in ("99.0", "-99.0", "-999", "90.0", "99.999")
        },
    ),
)

DESCRIPTIONS: tuple[Description, ...] = (
    Description(
        "data/catalogues/legus_columns_ngc628c.txt",
        columns={
            **dict(zip(("id", "x", "y", "ra", "dec"), range(1, 6), strict=True)),
            **{f"mag_{n}": 6 + 2 * k for k, n in enumerate(("F275W", "F336W", "F435W"))},
            **{f"err_{n}": 7 + 2 * k for k, n in enumerate(("F275W", "F336W", "F435W"))},
            "mag_F555W": 12,
            "err_F555W": 13,
            "mag_F814W": 14,
            "err_F814W": 15,
            "ci": 16,
        },
        classes={"LEGUS, mode": 34, "LEGUS, mean": 35},
        missing=("66.666", "99.999", "44.444"),
    ),
)

RUNS: tuple[Run, ...] = (
    Run(
        "data/catalogues/starcnet_output_ngc1566.tab",
        rows=2752,
        classes=(621, 197, 240, 1694),
        tolerance=0.01,
    ),
    Run("data/catalogues/starcnet_scores.npy", rows=2752, classes=(621, 197, 240, 1694)),
)

VOTES: tuple[Votes, ...] = (
    Votes(
        "data/catalogues/ngc1566_votes_long.csv",
        skipped=("starcnet_2020", "legus_ml"),
        rows=7797,
        classes=(428, 418, 525, 1242),
        people=3,
        objects=1943,
        left_out=5184,
    ),
    Votes(
        "data/votes/dawid_skene_1979/anesthesia_long.csv",
        rows=315,
        classes=(128, 124, 48, 15),
        people=5,
        objects=45,
    ),
    Votes("data/votes/dawid_skene_1979/caries_grouped.csv", "has no column for the id"),
    Votes(
        "data/votes/dogs_4class/s4_Dog_data.answer.csv",
        answers={"0": "4"},
        rows=8070,
        classes=(1699, 2167, 2304, 1900),
        people=109,
        objects=807,
    ),
    Votes("data/votes/dogs_4class/s4_Dog_data.truth.csv", "has no column for the person"),
    Votes(
        "data/votes/bluebirds_2class/d_Duck_Identification.answer.csv",
        answers={"0": "4"},
        rows=4212,
        classes=(1597, 0, 0, 2615),
        people=39,
        objects=108,
    ),
    Votes(
        "data/votes/bluebirds_2class/d_Duck_Identification.truth.csv", "no column for the person"
    ),
)

LABELS: tuple[Labels, ...] = (
    Labels(
        "data/votes/dogs_4class/s4_Dog_data.truth.csv",
        columns={"id": "question"},
        source_column="truth",
        rows=807,
        classes=(185, 218, 232, 0),
    ),
    Labels(
        "data/votes/bluebirds_2class/d_Duck_Identification.truth.csv",
        columns={"id": "question"},
        source_column="truth",
        rows=108,
        classes=(48, 0, 0, 0),
    ),
)

STAMPS: tuple[Stamps, ...] = (
    Stamps("data/m31_stamps/*/*.png", "pictures do not say their bands"),
    Stamps("data/m31_stamps/*/*.png", bands=("V",), rows=782, size=(128, 128), unobserved=3),
    Stamps(
        "data/m31_stamps/*/*.png",
        bands=("V",),
        table="data/m31_stamps/labels.csv",
        columns={"id": "file"},
        rows=782,
        size=(128, 128),
        unobserved=3,
    ),
    Stamps("data/catalogues/real_stamps_ngc1566/*.png", "has 3 channels, and --bands", ("V",)),
    Stamps(COSMOS, "names a filter"),
    Stamps(COSMOS, "one file for each candidate", ("I",)),
)

NOT_FOR_IMPORT: tuple[NotForImport, ...] = (
    NotForImport("data/README.md", reason="text for people"),
    NotForImport("data/m31_stamps/labels.csv", reason="the table of a folder of stamps, see there"),
    NotForImport(
        "data/legus_meta/header_info_*.txt",
        reason="zero points of whole surveys; headers or --zero-point say those of a mosaic",
    ),
    NotForImport(
        "data/catalogues/real_stamps_ngc1566/*.png", reason="figures of ten stamps each, for people"
    ),
    NotForImport("cases/*/RIGHT.md", reason="text for people"),
    NotForImport("cases/*/run.sh", reason="a command"),
    NotForImport("cases/*/make.py", reason="makes files; those are tried in this test"),
    NotForImport("cases/README.md", reason="text for people"),
    *(
        NotForImport(f"cases/{name}", reason="not about imports")
        for name in (
            "cookies_two_instances/*.py",
            "numlock/*",
            "subpath/*.py",
            "utc_today/*.py",
            "centroids.py",
            "fresh.sh",
            "mk.py",
        )
    ),
)

ROWS: tuple[Row, ...] = (
    *MOSAICS,
    *FIELDS,
    *CATALOGUES,
    *DESCRIPTIONS,
    *RUNS,
    *VOTES,
    *LABELS,
    *STAMPS,
    *NOT_FOR_IMPORT,
)
