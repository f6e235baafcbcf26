"""manage.py detect: a catalogue of measured candidates from a field's mosaics."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from django.core.management import CommandError, call_command
from scipy.spatial import KDTree

from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.models import Candidate
from labeling.simulation import simulate_field
from labeling.simulation.instrument import WFC3_UVIS
from tests.labeling.skies import without_wcs

pytestmark = pytest.mark.beside("sqlite")

LEGUS = ["--min-ci", "auto", "--max-error", "0.3", "--faintest=-6"]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A simulated field, and the paths of its files."""
    field = simulate_field(7, (600, 600), candidates=100)
    return field, field.write(tmp_path_factory.mktemp("simulated"))


@pytest.fixture
def field(db, simulated):
    """The simulated field, imported, with the zero points that it was drawn with."""
    drawn, paths = simulated
    requests = [MosaicRequest(paths[band]) for band in drawn.mosaics]
    field = import_field("sim", requests, distance_mpc=13.0)
    for band, zero_point in WFC3_UVIS.items():
        row = {"zero_point_vega": zero_point.vega, "exposure_s": zero_point.exptime}
        field.mosaics.filter(band=band).update(**row)
    return field


def run(field, path, *options):
    """Detect sources, and return the catalogue."""
    call_command("detect", field.name, str(path), *options)
    return Table.read(path)


def test_without_cuts_every_source_is_measured(field, simulated, tmp_path, capsys):
    # The simulator's aperture correction: -0.32 to -0.34 mag by band.
    options = ["--band", "white", "--aperture-correction=-0.33"]
    table = run(field, tmp_path / "sources.ecsv", *options)
    assert f"{len(table)} sources in" in capsys.readouterr().out
    assert {"id", "x", "y", "ra", "dec", "ci", "mag_F555W", "err_F814W"} < set(table.colnames)
    catalogue = simulated[0].catalogue
    tree = KDTree(np.column_stack([table["x"], table["y"]]))
    distance, rows = tree.query(np.column_stack([catalogue["x"], catalogue["y"]]))
    assert np.mean(distance < 1) > 0.8
    same = distance < 0.3
    for name in ("mag_F275W", "mag_F555W", "mag_F814W"):
        difference = (table[name][rows] - catalogue[name])[same].compressed()
        assert abs(np.median(difference)) < 0.02
        assert np.median(np.abs(difference - np.median(difference))) < 0.02
    # RA and Dec of the catalogue come from the same WCS: 0.3 px are 0.012 arcsec.
    offset = np.hypot(table["ra"][rows] - catalogue["ra"], table["dec"][rows] - catalogue["dec"])
    assert offset[same].max() < 4e-6


def test_cuts_are_counted_in_the_order_of_the_survey(field, tmp_path, capsys):
    table = run(field, tmp_path / "candidates.csv", *LEGUS)
    lines = capsys.readouterr().out.splitlines()
    removed = [int(line.split()[0]) for line in lines if " removed, " in line]
    assert len(removed) == 3
    assert int(lines[0].split()[0]) - sum(removed) == len(table) > 40
    assert "concentration index of at least 1." in "".join(lines)
    assert table["ci"].min() > 1.0
    assert table["id"].tolist() == list(range(1, len(table) + 1))


def test_figures_of_the_selection_are_drawn_with_their_data(field, tmp_path):
    run(field, tmp_path / "c.csv", *LEGUS, "--figures", str(tmp_path / "figures"))
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    stems = ("concentration", "magnitude-concentration")
    endings = ("csv", "pdf", "png", "svg")
    assert names == {f"{stem}.{ending}" for stem in stems for ending in endings}
    bins = Table.read(tmp_path / "figures" / "concentration.csv")
    sources = Table.read(tmp_path / "figures" / "magnitude-concentration.csv")
    assert bins["candidates"].sum() == sources["selected"].sum()
    passed = [sources[name] for name in ("passed_ci", "passed_bands", "passed_luminosity")]
    assert (np.prod(passed, axis=0) == sources["selected"]).all()


def test_a_catalogue_of_candidates_can_be_imported(field, tmp_path):
    run(field, tmp_path / "c.ecsv", *LEGUS)
    call_command("import_catalogue", field.name, str(tmp_path / "c.ecsv"))
    candidates = Candidate.objects.in_play()
    assert candidates.count() > 40
    assert candidates.filter(mag_v=None).count() == 0


def test_flux_units_of_1e_18_give_the_same_catalogue(field, simulated, tmp_path):
    drawn, _ = simulated
    requests = []
    for band, hdu in drawn.mosaics.items():
        scaled = fits.PrimaryHDU((hdu.data * np.float32(1e-18)).astype(np.float32), hdu.header)
        scaled.header["BUNIT"] = "ERG/S/CM2/A"
        scaled.writeto(tmp_path / f"{band}.fits")
        requests.append(MosaicRequest(tmp_path / f"{band}.fits"))
    faint = import_field("faint", requests, distance_mpc=13.0)
    for band, zero_point in WFC3_UVIS.items():
        faint.mosaics.filter(band=band).update(zero_point_vega=zero_point.vega - 45)
    expected = run(field, tmp_path / "a.csv", "--band", "white")
    table = run(faint, tmp_path / "b.csv", "--band", "white")
    assert len(table) == len(expected)
    assert np.allclose(table["x"], expected["x"], atol=0.01)
    assert np.abs(table["mag_F555W"] - expected["mag_F555W"]).max() < 0.02


def test_sources_on_mosaics_without_wcs_and_zero_points_can_be_imported(db, tmp_path, capsys):
    rows, columns = np.mgrid[:220, :200]
    image = np.random.default_rng(5).normal(50, 2, rows.shape)
    for x, y in ((60, 70), (150.3, 40.8), (100.5, 180.25)):
        image += 400 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 4.5)
    requests = [
        MosaicRequest(without_wcs(tmp_path / f"{band}.fits", band, image.astype(np.float32)))
        for band in ("U", "B", "V", "I")
    ]
    import_field("five", requests, needs_wcs=False, pixel_scale_arcsec=0.3)
    call_command("detect", "five", str(tmp_path / "sources.csv"))
    assert "F555W has no Vega zero point" in capsys.readouterr().out
    table = Table.read(tmp_path / "sources.csv", format="ascii.csv")
    assert (len(table), table.colnames) == (3, ["id", "x", "y", "ci", "snr"])
    call_command("import_catalogue", "five", str(tmp_path / "sources.csv"))
    assert Candidate.objects.in_play().count() == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--band", "F999W"], "argument --band: 'F999W' is not a filter"),
        (["--max-error", "0.3", "--min-detected", "6"], "give --min-detected 5"),
        (["--faintest=-6"], "distance is unknown: give it to import_field with --distance"),
        (["--sigma", "-1"], "-1 is not above zero"),
        (["--sigma", "nan"], "'nan' is not a finite number"),
        (["--min-ci", "much"], "'much' is not a number"),
    ],
)
def test_it_rejects_options_that_cannot_be_meant(field, tmp_path, options, message):
    field.distance_mpc = None
    field.save()
    with pytest.raises(CommandError, match=message):
        run(field, tmp_path / "c.csv", *options)


def test_it_rejects_a_catalogue_of_unknown_format(field, tmp_path):
    with pytest.raises(CommandError, match=r"must be \.ecsv, \.csv or \.fits"):
        run(field, tmp_path / "c.txt")


def test_it_rejects_a_threshold_that_cannot_be_measured(field, tmp_path):
    field.mosaics.update(exposure_s=1e-6)
    with pytest.raises(CommandError, match="give the threshold with --min-ci MAG"):
        run(field, tmp_path / "c.csv", "--min-ci", "auto")
