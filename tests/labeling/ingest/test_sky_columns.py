"""RA and Dec of tables in ICRS degrees, whatever their unit and frame: compared with SkyCoord."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable.tree import CooSys, VOTableFile
from astropy.table import QTable, Table

from labeling.ingest.errors import BadInput
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import read_catalogue

SKY = SkyCoord([65.0014, 64.9871, 359.9999], [-54.9378, -0.0023, 12.5], unit="deg")


def sky_table(lon, lat, unit, names=("ra", "dec")):
    """Return a table with positions in these units."""
    return Table(
        {
            "id": ["a", "b", "c"],
            "x": [1.0, 2.0, 3.0],
            "y": [1.0, 2.0, 3.0],
            names[0]: u.Quantity(lon, unit),
            names[1]: u.Quantity(lat, unit if unit != "hourangle" else "deg"),
        }
    )


def assert_positions(catalogue, sky=SKY, tolerance=1e-10):
    read = SkyCoord(catalogue.ra, catalogue.dec, unit="deg")
    assert read.separation(sky.icrs).arcsec.max() < tolerance * 3600
    assert ((catalogue.ra >= 0) & (catalogue.ra < 360)).all()


@pytest.mark.parametrize("ending", ["ecsv", "fits", "vot"])
@pytest.mark.parametrize("unit", ["deg", "rad", "arcsec", "hourangle"])
def test_units_of_columns_are_read(tmp_path, ending, unit):
    table = sky_table(SKY.ra.to(unit), SKY.dec.to("deg" if unit == "hourangle" else unit), unit)
    if unit == "hourangle" and ending != "ecsv":
        table["ra"].unit = "h"
    path = tmp_path / f"c.{ending}"
    table.write(path, format="votable" if ending == "vot" else None)
    catalogue = read_catalogue(path)
    assert_positions(catalogue)
    assert any("converted from" in note for note in catalogue.notes) == (unit != "deg")


@pytest.mark.parametrize("sep", [":", " ", "hms"])
def test_sexagesimal_text_is_read(tmp_path, sep):
    path = tmp_path / "c.csv"
    ra, dec = (
        SKY.ra.to_string("h", sep=sep, precision=8),
        SKY.dec.to_string("deg", sep=sep.replace("h", "d"), precision=8, alwayssign=True),
    )
    rows = "".join(f"{k},1,1,{a},{d}\n" for k, (a, d) in enumerate(zip(ra, dec, strict=True)))
    path.write_text("id,x,y,ra,dec\n" + rows)
    assert_positions(read_catalogue(path))


def test_sexagesimal_degrees_are_read_by_their_unit(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,x,y,ra,dec\n1,1,1,65:00:05.04,-54:56:16.08\n")
    catalogue = read_catalogue(path, TableOptions(units={"ra": "deg"}))
    assert (catalogue.ra[0], catalogue.dec[0]) == pytest.approx((65.0014, -54.9378), abs=1e-9)


@pytest.mark.parametrize(
    ("frame", "coordinates"),
    [
        ("fk5", SKY.fk5),
        (
            "fk5:J1975",
            SKY.transform_to("fk5").transform_to(
                SkyCoord(0, 0, unit="deg", frame="fk5", equinox="J1975")
            ),
        ),
        ("fk4:B1950", SKY.transform_to(SkyCoord(0, 0, unit="deg", frame="fk4", equinox="B1950"))),
        ("galactic", SKY.galactic),
        ("ecliptic", SKY.barycentrictrueecliptic),
    ],
)
def test_frames_are_converted(tmp_path, frame, coordinates):
    spherical = coordinates.spherical
    table = sky_table(spherical.lon.deg % 360, spherical.lat.deg, "deg")
    table.write(tmp_path / "c.ecsv")
    catalogue = read_catalogue(tmp_path / "c.ecsv", TableOptions(frame=frame))
    assert_positions(catalogue, tolerance=1e-8)
    assert f"Positions are converted from {frame} to ICRS." in catalogue.notes


def test_galactic_columns_are_recognised_by_their_names(tmp_path):
    table = sky_table(SKY.galactic.l.deg, SKY.galactic.b.deg, "deg", ("GLON", "GLAT"))
    table.write(tmp_path / "c.fits")
    assert_positions(read_catalogue(tmp_path / "c.fits"))


def test_the_frame_of_a_fits_header_is_read(tmp_path):
    fk4 = SKY.transform_to(SkyCoord(0, 0, unit="deg", frame="fk4", equinox="B1950"))
    table = sky_table(fk4.ra.deg, fk4.dec.deg, "deg")
    table.meta.update(RADESYS="FK4", EQUINOX=1950.0)
    table.write(tmp_path / "c.fits")
    assert_positions(read_catalogue(tmp_path / "c.fits"), tolerance=1e-8)


def test_the_frame_of_a_votable_is_read(tmp_path):
    fk4 = SKY.transform_to(SkyCoord(0, 0, unit="deg", frame="fk4", equinox="B1950"))
    document = VOTableFile.from_table(sky_table(fk4.ra.deg, fk4.dec.deg, "deg"))
    resource = document.resources[0]
    resource.coordinate_systems.append(CooSys(ID="sys", equinox="B1950", system="eq_FK4"))
    for field in resource.tables[0].fields[3:5]:
        field.ref = "sys"
    document.to_xml(str(tmp_path / "c.vot"))
    assert_positions(read_catalogue(tmp_path / "c.vot"), tolerance=1e-8)


def test_a_column_of_sky_coordinates_is_read(tmp_path):
    table = QTable({"id": ["a", "b", "c"], "sky": SKY.galactic})
    table.write(tmp_path / "c.ecsv")
    catalogue = read_catalogue(tmp_path / "c.ecsv")
    assert not catalogue.has_pixels
    assert_positions(catalogue)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("360.1,0", "row 2: RA 360.1 deg is not on the sky"),
        ("-1,0", "row 2: RA -1.0 deg"),
        ("10,90.5", "row 2: Dec 90.5 deg"),
        ("10,-91", "row 2: Dec -91.0 deg"),
        ("25:00:00,0", "row 2: column 'ra': '25:00:00' is no angle|row 2: RA 375"),
        ("10,north", "row 2: 'north' in column 'dec' is not a number"),
    ],
)
def test_what_is_not_on_the_sky_is_refused(tmp_path, cells, reason):
    path = tmp_path / "c.csv"
    start = "04:20:00,10" if ":" in cells else "10,10"
    path.write_text(f"id,x,y,ra,dec\n1,1,1,{start}\n2,1,1,{cells}\n")
    with pytest.raises(BadInput, match=reason):
        read_catalogue(path)


def test_25_hours_and_7_radians_are_refused(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,x,y,ra,dec\n1,1,1,25,0.1\n")
    for unit in ("h", "rad"):
        with pytest.raises(BadInput, match=r"row 1: RA .* is not on the sky"):
            read_catalogue(path, TableOptions(units={"ra": unit}))


@pytest.mark.parametrize(
    "options", [{"frame": "fk9"}, {"frame": "fk5:x"}, {"units": {"ra": "mag"}}]
)
def test_an_unknown_frame_or_unit_is_refused(tmp_path, options):
    path = tmp_path / "c.csv"
    path.write_text("id,x,y,ra,dec\n1,1,1,25,0.1\n")
    with pytest.raises(BadInput, match=r"is no sky frame|is no unit of RA"):
        read_catalogue(path, TableOptions(**options))


def test_an_empty_cell_leaves_the_other_positions(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,x,y,ra,dec\n1,1,1,25,0.1\n2,1,1,,\n3,1,1,-999,-999\n4,1,1,26,\n")
    catalogue = read_catalogue(path)
    np.testing.assert_array_equal(catalogue.ra, [25, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(catalogue.dec, [0.1, np.nan, np.nan, np.nan])
    assert any("Row 4: only one of ra and dec has a value" in note for note in catalogue.notes)


def test_without_pixels_every_row_needs_a_position(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,ra,dec\n1,25.001,0.123\n2,,\n")
    with pytest.raises(BadInput, match="row 2: has no position: ra and dec are empty"):
        read_catalogue(path)


@pytest.mark.parametrize(
    ("cells", "step"),
    [
        ("65.00140,-54.93780", 1e-4),
        ("65.00143,-54.9", 1e-5),
        ("4:20:00.34,-54:56:16.1", 15e-2 / 3600),
    ],
)
def test_the_rounding_of_positions_is_reported(tmp_path, cells, step):
    path = tmp_path / "c.csv"
    path.write_text(f"id,ra,dec\n1,{cells}\n")
    catalogue = read_catalogue(path)
    assert catalogue.sky_rounding_deg == pytest.approx(step)
    assert any("RA and Dec are rounded to" in note for note in catalogue.notes)


def test_hours_minutes_and_seconds_of_a_machine_readable_table(tmp_path):
    table = Table({"ID": ["a", "b", "c"], "x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0], "sky": SKY})
    path = tmp_path / "c.mrt"
    table.write(path, format="ascii.mrt")
    # astropy writes the sign of degrees, and so loses that of -0 degrees.
    path.write_text(path.read_text().replace("+00 00 08.28", "-00 00 08.28"))
    assert_positions(read_catalogue(path), tolerance=1e-7)
