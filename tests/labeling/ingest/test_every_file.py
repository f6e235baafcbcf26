"""Every real file is imported right, or refused with the sentence in `every_file`.

What is right is stated there and computed here by astropy, numpy and csv, not by our readers.
"""

import csv
import re
import runpy
import sys
from collections import Counter
from fnmatch import fnmatch
from hashlib import sha256

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.stats import sigma_clipped_stats
from astropy.table import Table
from astropy.wcs import WCS
from PIL import Image

from classifier.core.bands import BANDS
from classifier.core.packs import Pack
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue, plan_catalogue
from labeling.ingest.column_descriptions import load_description
from labeling.ingest.errors import BadInput
from labeling.ingest.labels import plan_labels
from labeling.ingest.mosaics import MosaicRequest, import_field, plan_field, read_mosaics
from labeling.ingest.probabilities import read_probabilities
from labeling.ingest.progress import no_progress
from labeling.ingest.stamp_imports import StampImportOptions, plan_stamps
from labeling.ingest.stamp_sets import StampOptions
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import read_catalogue
from labeling.ingest.vote_files import read_votes
from labeling.ingest.vote_options import VoteOptions
from labeling.models import Candidate, CatalogueImport, Field
from tests.labeling.ingest import every_file
from tests.labeling.real import DATA, needs_data
from tests.labeling.skies import tan_wcs

CASES = DATA.parent / "cases"
MISSING = (99.999, 66.666, 44.444)
STAMP = 100

pytestmark = [
    needs_data,
    pytest.mark.beside("sqlite"),
    # Real headers have cards that astropy warns of.
    pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning"),
]


def path_of(file):
    """Return the file of a row; a test of a case is skipped if only the data are here."""
    folder, _, name = file.partition("/")
    if folder == "cases" and not CASES.is_dir():
        pytest.skip("no cases beside the data")
    return ({"data": DATA, "cases": CASES}[folder] / name).resolve()


def rows_of(table, *, refused=None):
    """Parametrise a test by the rows of a table."""
    rows = [row for row in table if refused is None or bool(row.refused) is refused]
    return pytest.mark.parametrize("row", rows, ids=str)


def cases(name):
    """Skip the test unless the cases are here; return the folder of one."""
    if not CASES.is_dir():
        pytest.skip("no cases beside the data")
    return CASES / name


# The table itself


def test_every_file_has_a_row():
    names = [f"data/{path.relative_to(DATA)}" for path in DATA.rglob("*") if path.is_file()]
    if CASES.is_dir():
        names += [f"cases/{path.relative_to(CASES)}" for path in CASES.rglob("*") if path.is_file()]
    names = [name for name in names if "__pycache__" not in name]
    patterns = {row.file for row in every_file.ROWS}
    assert [n for n in names if not any(fnmatch(n, pattern) for pattern in patterns)] == []
    unused = [p for p in patterns if not any(fnmatch(n, p) for n in names)]
    assert [p for p in unused if CASES.is_dir() or p.startswith("data/")] == []


# Mosaics


def header_and_pixels(path, hdu, plane):
    """Return header and pixels of an image, float32, and its WCS by astropy; None without one."""
    with fits.open(path) as file:
        header, pixels = file[hdu].header, np.asarray(file[hdu].data)
        pixels = pixels if plane is None else pixels[plane]
        wcs = WCS(header, file).celestial
    return header, pixels.astype(np.float32), wcs if wcs.naxis == 2 else None


def positions(shape):
    """Return x, y of pixels in the middle, at the corners, on the edges and off whole pixels."""
    height, width = shape
    x = np.array([0, (width - 1) / 2, width - 1, 0, width - 1, width / 3 + 0.3, 0.7 * width])
    y = np.array([0, (height - 1) / 2, height - 1, height - 1, 0, height / 4, 0.2 * height + 0.6])
    return x, y


def exposed(pixels, x, y):
    """True if any of the 5 x 5 pixels about each position is neither NaN nor zero."""
    windows = (cutout(pixels, *place, 5) for place in zip(x, y, strict=True))
    return np.array([(np.isfinite(window) & (window != 0)).any() for window in windows])


def cutout(pixels, x, y, size=STAMP):
    """Return a window by astropy, NaN beyond the image."""
    return Cutout2D(pixels, (x, y), size, mode="partial", fill_value=np.nan).data


def requested(row):
    """Return what import_field is asked for."""
    return MosaicRequest.parse(row.request(path_of(row.file)))


@rows_of(every_file.MOSAICS, refused=True)
@pytest.mark.django_db
def test_a_file_that_is_no_mosaic_is_refused_in_a_sentence(row):
    with pytest.raises(BadInput, match=re.escape(row.refused)) as error:
        plan_field("f", [requested(row)])
    assert str(error.value).startswith(f"{path_of(row.file)}: ")
    assert str(error.value).endswith(".")


@rows_of(every_file.MOSAICS, refused=False)
@pytest.mark.django_db
def test_a_mosaic_is_imported_right(row, tmp_path):
    _, pixels, wcs = header_and_pixels(path_of(row.file), row.read_hdu, row.plane)
    assert (pixels.shape, np.isnan(pixels).sum(), (pixels == 0).sum()) == (
        row.shape,
        row.nan,
        row.zero,
    )
    scale = 0.04 if row.no_wcs else None
    field = import_field("f", [requested(row)], needs_wcs=not row.no_wcs, pixel_scale_arcsec=scale)
    mosaic = field.mosaics.get()
    assert (mosaic.band, mosaic.hdu, mosaic.plane) == (row.band, row.read_hdu, row.plane)
    (file,) = read_mosaics(field, [mosaic]).values()
    np.testing.assert_array_equal(file.map_pixels(), pixels)
    check_sky(row, mosaic, wcs)
    sample = pixels[:: max(1, pixels.shape[0] // 500)].astype(float)
    _, _, sigma = sigma_clipped_stats(sample[np.isfinite(sample) & (sample != 0)])
    assert mosaic.sky_sigma == pytest.approx(sigma, rel=0.03)
    check_candidates(row, field, pixels, wcs, tmp_path)


def check_sky(row, mosaic, wcs):
    """Compare the sky of the stored WCS with astropy's, and with the table."""
    if row.centre is None:
        assert (wcs if row.no_wcs else None) is None
        return
    height, width = row.shape
    centre = wcs.pixel_to_world((width - 1) / 2, (height - 1) / 2)
    assert centre.separation(SkyCoord(*row.centre, unit="deg")) < 5e-6 * u.deg
    # Cards hold no lookup tables: 0.1 px are allowed, and 0.04 arcsec a pixel at least.
    stored = mosaic.wcs.pixel_to_world((width - 1) / 2, (height - 1) / 2)
    limit = 0.1 * mosaic.field.pixel_scale_arcsec * u.arcsec
    assert centre.separation(stored) < (limit if wcs.has_distortion else 1e-6 * u.arcsec)


def check_candidates(row, field, pixels, wcs, folder):
    """Compare positions, observed bands and stamps of candidates on this mosaic with astropy's."""
    x, y = positions(row.shape)
    table = folder / "candidates.csv"
    Table({"id": range(len(x)), "x": x + 1, "y": y + 1}).write(table, format="ascii.csv")
    options = {"min_observed": 1, "min_detected": 0}
    plan = plan_catalogue(field, table, CatalogueOptions(lossless=True, **options))
    sources, band = plan.sources, BANDS.index(row.band)
    if wcs is not None:
        sky = SkyCoord(sources.ra, sources.dec, unit="deg")
        # The frames' own transformations lose some 1e-10 deg on the way.
        assert (sky.separation(wcs.pixel_to_world(x, y).icrs) < 1e-5 * u.arcsec).all()
    else:
        assert np.isnan([sources.ra, sources.dec]).all()
    is_exposed = exposed(pixels, x, y)
    assert sources.observed[:, band].tolist() == is_exposed.tolist()
    assert not np.delete(sources.observed, band, axis=1).any()
    right = np.stack(
        [cutout(pixels, *place) for place in zip(x[is_exposed], y[is_exposed], strict=True)]
    )
    np.testing.assert_array_equal(stamps_of(plan, folder / "exact", row.band), right)
    plan = plan_catalogue(field, table, CatalogueOptions(**options))
    quantised = stamps_of(plan, folder / "quantised", row.band)
    np.testing.assert_array_equal(np.isnan(quantised), np.isnan(right))
    np.testing.assert_array_equal(quantised[right == 0], 0)
    sigma = field.mosaics.get().sky_sigma
    assert np.nanmax(np.abs(quantised.astype(float) - right)) <= sigma / 16


def stamps_of(plan, path, band):
    """Return the stamps that an import would store, in one band."""
    plan.write_stamps(path, no_progress)
    pack = Pack.open(path)
    return pack.read(np.arange(len(pack.observed)), [band])[0][:, 0]


@rows_of(every_file.FIELDS)
@pytest.mark.django_db
def test_mosaics_of_one_sky_are_one_field_or_refused(row):
    folder = path_of(row.file).parent
    requests = [MosaicRequest.parse(f"{b}={folder / name}") for b, name in row.names.items()]
    options = {"needs_wcs": not row.no_wcs, "pixel_scale_arcsec": 0.04 if row.no_wcs else None}
    if row.refused:
        with pytest.raises(BadInput, match=re.escape(row.refused)):
            plan_field("f", requests, **options)
        return
    plan = plan_field("f", requests, **options)
    assert {m["band"]: m["offset_px"] for m in plan.report["mosaics"]} == row.offsets
    for band, columns in plan.rows.items():
        pixels = header_and_pixels(columns["path"], columns["hdu"], columns["plane"])[1]
        assert columns["fingerprint"] == sha256(pixels.tobytes()).hexdigest(), band


# Catalogues


@rows_of(every_file.CATALOGUES, refused=True)
def test_a_file_that_is_no_catalogue_is_refused_in_a_sentence(row):
    with pytest.raises(BadInput, match=re.escape(row.refused)) as error:
        read_catalogue(path_of(row.file), TableOptions(**row.options))
    assert str(error.value).startswith(str(path_of(row.file)))
    assert "\n" not in str(error.value)


@rows_of(every_file.CATALOGUES, refused=False)
def test_a_catalogue_is_read_right(row):
    catalogue = read_catalogue(path_of(row.file), TableOptions(**row.options))
    assert len(catalogue) == row.rows
    detected = {band: int(np.isfinite(m).sum()) for band, m in catalogue.magnitudes.items()}
    assert detected == row.detected
    counts = {s: np.bincount(c, minlength=5)[1:].tolist() for s, c in catalogue.references.items()}
    assert counts == {source: list(classes) for source, classes in row.classes.items()}
    for text, cells in row.values.items():
        number = catalogue.ids.index(text)
        for name, value in cells.items():
            kind, _, band = name.partition("_")
            groups = {"mag": catalogue.magnitudes, "err": catalogue.errors}
            column = groups[kind][band] if band else getattr(catalogue, name)
            assert column[number] == pytest.approx(np.nan if value is None else value, nan_ok=True)


def test_every_cell_of_the_legus_catalogue_is_numpys():
    path = path_of(every_file.LEGUS)
    cells = np.loadtxt(path)
    catalogue = read_catalogue(path)
    assert catalogue.ids == [line.split()[0] for line in path.read_text().splitlines()]
    for name, column in zip(("x", "y", "ra", "dec"), range(1, 5), strict=True):
        np.testing.assert_array_equal(getattr(catalogue, name), cells[:, column])
    ci = cells[:, 15]
    np.testing.assert_array_equal(catalogue.ci, np.where(ci > 10, np.nan, ci))
    for k, band in enumerate(BANDS):
        magnitude, error = cells[:, 5 + 2 * k].copy(), cells[:, 6 + 2 * k].copy()
        # A signal below its noise is no detection.
        nothing = np.isin(magnitude, MISSING) | (error > 2.5 / np.log(10))
        magnitude[nothing] = np.nan
        error[nothing | np.isin(error, MISSING)] = np.nan
        np.testing.assert_array_equal(catalogue.magnitudes[band], magnitude)
        np.testing.assert_array_equal(catalogue.errors[band], error)
    for column, labels in zip((33, 35, 36, 37, 38), catalogue.references.values(), strict=True):
        np.testing.assert_array_equal(labels, cells[:, column])


@pytest.mark.django_db
def test_the_legus_catalogue_lies_right_on_its_frame(tmp_path):
    """The frame of NGC 1566 as it was fitted to the table; the pixels are noise."""
    wcs = tan_wcs((3110.035, 3113.452), 0.03962, crval=(65.00142698, -54.93776304))
    noise = np.random.default_rng(1566).normal(100, 5, (62, 62)).astype(np.int16)
    header = wcs.to_header()
    header["FILTER"] = "F555W"
    image = fits.CompImageHDU(np.tile(noise, (100, 100)), header, compression_type="RICE_1")
    image.writeto(tmp_path / "f555w.fits")
    field = import_field("ngc1566", [MosaicRequest(tmp_path / "f555w.fits")])
    path = path_of(every_file.LEGUS)
    with pytest.raises(BadInput, match="its pixels count from 0; give --origin 0"):
        plan_catalogue(field, path, CatalogueOptions(min_observed=1))
    plan = plan_catalogue(field, path, CatalogueOptions(min_observed=1, origin=0))
    cells = np.loadtxt(path)
    np.testing.assert_array_equal([plan.sources.x, plan.sources.y], cells[:, 1:3].T)
    sky = wcs.pixel_to_world(*cells[:, 1:3].T)
    assert sky.separation(SkyCoord(*cells[:, 3:5].T, unit="deg")).arcsec.max() < 0.04
    detected = (~np.isin(cells[:, 5:15:2], MISSING)) & (cells[:, 6:15:2] <= 2.5 / np.log(10))
    assert plan.report["candidates"] == int((detected.sum(axis=1) >= 4).sum())


@rows_of(every_file.DESCRIPTIONS)
def test_a_column_description_is_read_right(row):
    description = load_description(str(path_of(row.file)))
    assert description.columns == {name: f"col{n}" for name, n in row.columns.items()}
    assert description.references == {source: f"col{n}" for source, n in row.classes.items()}
    assert description.missing == row.missing


# The cases, whose files a script makes


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Run the script of a case; return the folder with its files."""

    def make(name, *arguments):
        script = cases(name) / "make.py"
        monkeypatch.syspath_prepend(CASES)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path), *arguments])
        runpy.run_path(str(script))
        return tmp_path

    return make


FRAMES = {
    "galactic": (187.615633, 11.904220),
    "fk4": (189.530800, 12.325223),
    "decfirst": (189.989994, 11.600006),
}
"""Of the case `celestial_frames`: RA and Dec of its one star by astropy, from RIGHT.md."""


@pytest.mark.django_db
def test_the_star_of_the_celestial_frames_lies_where_astropy_says(made):
    folder = made("celestial_frames")
    for name, place in FRAMES.items():
        files = sorted((folder / name).glob("*.fits"))
        field = import_field(name, [MosaicRequest(file) for file in files])
        import_catalogue(field, folder / name / "cat.csv", CatalogueOptions())
        star = SkyCoord(*field.candidates.values_list("ra", "dec").get(), unit="deg")
        by_astropy = WCS(fits.getheader(files[0])).pixel_to_world(150, 150).icrs
        assert star.separation(by_astropy) < 1e-5 * u.arcsec
        assert star.separation(SkyCoord(*place, unit="deg")) < 1e-6 * u.deg


def test_two_tables_are_a_question(made):
    path = made("several_tables") / "two.fits"
    with pytest.raises(BadInput, match=r"2 tables.*STARS.*CLUSTERS.*--table"):
        read_catalogue(path)
    assert read_catalogue(path, TableOptions(table="CLUSTERS")).ids == ["C1", "C2", "C3"]
    assert read_catalogue(path, TableOptions(table="1")).ids == ["Z1", "Z2"]


def test_softmax_is_applied_once(made):
    folder = made("double_softmax", "3")
    right = np.tile([0.01, 0.97, 0.01, 0.01], (3, 1))
    for name in ("probabilities", "log"):
        p = read_probabilities(folder / f"{name}.npy").p_NK
        np.testing.assert_allclose(p, right, atol=1e-6)
    with pytest.raises(BadInput, match="holds percentages"):
        read_probabilities(folder / "percent.npy")


# Predictions


@rows_of(every_file.RUNS)
def test_predictions_are_read_right(row):
    path = path_of(row.file)
    run = read_probabilities(path)
    assert len(run.p_NK) == row.rows
    assert np.bincount(run.label_N, minlength=5)[1:].tolist() == list(row.classes)
    if path.suffix == ".npy":
        scores = np.load(path).astype(float)
        right = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    else:
        lines = [re.split(r"[\s\[\]]+", line.strip()) for line in path.read_text().splitlines()]
        assert run.ids == [cells[0] for cells in lines]
        assert run.label_N.tolist() == [int(cells[3]) for cells in lines]
        right = np.array([cells[4:11:2] for cells in lines], float)
    # Rounded probabilities are made to add up to 1 again.
    np.testing.assert_allclose(run.p_NK, right, atol=1e-6 + row.tolerance)


# Votes


@rows_of(every_file.VOTES, refused=True)
def test_a_file_that_holds_no_votes_is_refused_in_a_sentence(row):
    with pytest.raises(BadInput, match=re.escape(row.refused)):
        read_votes(path_of(row.file), "f", VoteOptions())


@rows_of(every_file.VOTES, refused=False)
def test_votes_are_read_right(row):
    path = path_of(row.file)
    options = VoteOptions(answers=row.answers, accounts=dict.fromkeys(row.skipped, "skip"))
    votes = read_votes(path, "f", options)
    with path.open(newline="") as stream:
        lines = list(csv.reader(stream))[1:]
    right = [
        (item, person, int(row.answers.get(answer, answer)))
        for item, person, answer in lines
        if person not in row.skipped
    ]
    assert [(v.catalogue_id, v.person, v.label) for v in votes.votes] == right
    assert (votes.rows, votes.left_out.total()) == (row.rows, row.left_out)
    counts = Counter(vote.label for vote in votes.votes)
    assert tuple(counts[label] for label in (1, 2, 3, 4)) == row.classes
    assert len({vote.person for vote in votes.votes}) == row.people
    assert len({vote.catalogue_id for vote in votes.votes}) == row.objects


# Reference labels


def field_of(ids):
    """Return a field with these candidates."""
    field = Field.objects.create(name="f", galaxy="f")
    record = CatalogueImport.objects.create(
        field=field, file_name="f", rows=len(ids), origin=1, pack="f"
    )
    candidates = [
        Candidate(field=field, catalogue_import=record, catalogue_id=text, x=0, y=0) for text in ids
    ]
    for candidate in candidates:
        candidate.derive_columns()
    Candidate.objects.bulk_create(candidates)
    return field


@rows_of(every_file.LABELS)
@pytest.mark.django_db
def test_reference_labels_are_read_right(row):
    path = path_of(row.file)
    table = Table.read(path, format="ascii.csv")
    ids = [str(cell) for cell in table[row.columns["id"]]]
    field = field_of(ids)
    options = TableOptions(columns=row.columns, references={"truth": row.source_column})
    plan = plan_labels(field, path, options)
    assert len(table) == row.rows
    by_id = dict(zip(ids, table[row.source_column].tolist(), strict=True))
    texts = dict(field.candidates.values_list("pk", "catalogue_id"))
    labels = {texts[pk]: label for pk, label in plan.new["truth"].items()}
    assert labels == {text: label for text, label in by_id.items() if label}
    assert tuple(plan.counts["truth"].values()) == row.classes


# Stamps


def stamp_options(row):
    """Return how a row's stamps are read."""
    return StampImportOptions(
        stamps=StampOptions(bands=row.bands),
        table_path=path_of(row.table) if row.table else None,
        table=TableOptions(columns=row.columns),
        min_observed=1,
        min_detected=0,
    )


def folder_of(row):
    """Return what import_stamps is given: a folder, or the file."""
    path = path_of(row.file)
    while "*" in str(path):
        path = path.parent
    return path


@rows_of(every_file.STAMPS, refused=True)
@pytest.mark.django_db
def test_files_that_are_no_stamps_are_refused_in_a_sentence(row):
    field = Field(name="f", galaxy="f", pixel_scale_arcsec=0.04)
    with pytest.raises(BadInput, match=re.escape(row.refused)):
        plan_stamps(field, [folder_of(row)], stamp_options(row))


@rows_of(every_file.STAMPS, refused=False)
@pytest.mark.django_db
def test_pictures_are_imported_right(row, tmp_path):
    field = Field(name="f", galaxy="f", pixel_scale_arcsec=0.186)
    plan = plan_stamps(field, [folder_of(row)], stamp_options(row))
    files = sorted(folder_of(row).rglob("*.png"))
    if row.table:
        table = Table.read(path_of(row.table), format="ascii.csv")
        files = [folder_of(row) / name for name in table["file"]]
        sky = np.array([plan.sources.ra, plan.sources.dec])
        np.testing.assert_allclose(sky, [table["ra_deg"], table["dec_deg"]], atol=1e-9)
    assert plan.catalogue.ids == [file.stem for file in files]
    assert len(files) == row.rows
    pictures = np.stack([np.asarray(Image.open(file))[::-1] for file in files])
    assert pictures.shape[1:] == row.size
    margin = (pictures.shape[1] - STAMP) // 2
    right = pictures[:, margin:-margin, margin:-margin].astype(np.float32)
    black = ~right.any(axis=(1, 2))
    assert black.sum() == row.unobserved
    right[black] = np.nan
    np.testing.assert_array_equal(stamps_of(plan, tmp_path / "pack", row.bands[0]), right)
