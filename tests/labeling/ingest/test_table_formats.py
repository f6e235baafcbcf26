"""FITS, VOTable, ECSV, SExtractor, HDF5 and Parquet tables: compared with what astropy wrote."""

import gzip

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable.tree import VOTableFile
from astropy.table import MaskedColumn, Table

from labeling.ingest.errors import BadInput
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import read_catalogue

SEXTRACTOR = """#   1 NUMBER                 Running object number
#   2 X_IMAGE                Object position along x            [pixel]
#   3 Y_IMAGE                Object position along y            [pixel]
#   4 ALPHA_J2000            Right ascension of barycenter      [deg]
#   5 DELTA_J2000            Declination of barycenter          [deg]
#   6 MAG_AUTO               Kron-like elliptical magnitude     [mag]
         1    151.250    150.500  65.0010000  -54.9010000  99.0000
         2     61.000    200.750  65.0020000  -54.9020000  21.5000
"""


def clusters():
    """Return a table of three clusters; the second has no magnitude and no class."""
    table = Table({"id": ["C1", "C2", "C3"], "x": [151.0, 61.0, 221.0], "y": [151.0, 201.0, 81.0]})
    table["mag_V"] = MaskedColumn([21.0, 22.0, 23.5], mask=[False, True, False])
    table["kind"] = MaskedColumn([1, 2, 3], mask=[False, True, False])
    table["ra"], table["dec"] = [1.0, 1.5, 2.0], [0.1, 0.2, 0.3]
    table["ra"].unit = "h"
    return table


def stars():
    return Table({"id": ["Z1", "Z2"], "x": [10.0, 20.0], "y": [10.0, 20.0]})


def assert_clusters(catalogue):
    expected = clusters()
    assert catalogue.ids == list(expected["id"])
    np.testing.assert_array_equal(catalogue.x, expected["x"])
    np.testing.assert_array_equal(catalogue.y, expected["y"])
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [21, np.nan, 23.5])
    np.testing.assert_allclose(catalogue.ra, [15.0, 22.5, 30.0], rtol=1e-12)
    assert catalogue.references["people"].tolist() == [1, 0, 3]
    assert catalogue.kept["kind"] == [1, None, 3]


OPTIONS = TableOptions(references={"people": "kind"}, keep=("kind",))


@pytest.mark.parametrize("ending", ["ecsv", "fits", "vot", "parquet", "h5"])
def test_what_astropy_writes_is_read(tmp_path, ending):
    formats = {"vot": "votable", "h5": "hdf5"}
    options = {"path": "clusters", "serialize_meta": True} if ending == "h5" else {}
    path = tmp_path / f"c.{ending}"
    clusters().write(path, format=formats.get(ending), **options)
    assert_clusters(read_catalogue(path, OPTIONS))


@pytest.mark.parametrize("ending", ["ecsv", "fits", "vot"])
def test_compressed_tables_are_read(tmp_path, ending):
    path = tmp_path / f"c.{ending}"
    clusters().write(path, format="votable" if ending == "vot" else None)
    packed = tmp_path / f"c.{ending}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert_clusters(read_catalogue(packed, OPTIONS))


def test_a_catalogue_of_sextractor_is_read(tmp_path):
    path = tmp_path / "c.cat"
    path.write_text(SEXTRACTOR)
    catalogue = read_catalogue(path, TableOptions(columns={"mag_V": "MAG_AUTO"}))
    assert (catalogue.ids, catalogue.x.tolist()) == (["1", "2"], [151.25, 61.0])
    assert catalogue.dec.tolist() == [-54.901, -54.902]
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [np.nan, 21.5])


def test_a_parquet_table_of_pandas_is_read(tmp_path):
    table = pa.table(
        {"id": ["C1", None, "C3"], "x": [1.0, 2.0, 3.0], "y": [1, 2, 3], "n": [1, None, 3]}
    )
    pq.write_table(table, tmp_path / "c.parquet")
    with pytest.raises(BadInput, match="row 2: has no id"):
        read_catalogue(tmp_path / "c.parquet")
    catalogue = read_catalogue(
        tmp_path / "c.parquet", TableOptions(columns={"id": "y"}, keep=("n", "id"))
    )
    assert (catalogue.ids, catalogue.kept) == (
        ["1", "2", "3"],
        {"n": [1, None, 3], "id": ["C1", None, "C3"]},
    )


def test_categories_of_parquet_are_text_and_other_types_are_named(tmp_path):
    table = pa.table(
        {
            "id": pa.array(["C1", "C2"]).dictionary_encode(),
            "x": [1.0, 2.0],
            "y": [1.0, 2.0],
            "spectrum": [[1.0], [2.0, 3.0]],
        }
    )
    pq.write_table(table, tmp_path / "c.parquet")
    catalogue = read_catalogue(tmp_path / "c.parquet")
    assert catalogue.ids == ["C1", "C2"]
    assert "spectrum" in catalogue.notes[-1]
    with pytest.raises(BadInput, match="column 'spectrum' has a type that is not read"):
        read_catalogue(tmp_path / "c.parquet", TableOptions(keep=("spectrum",)))


def test_columns_of_a_group_of_hdf5_are_read(tmp_path):
    with h5py.File(tmp_path / "c.h5", "w") as file:
        group = file.create_group("field/clusters")
        group["id"] = ["C1", "C2"]
        group["x"], group["y"] = [1.5, 2.5], [3.0, 4.0]
        file["image"] = np.zeros((5, 5))
    catalogue = read_catalogue(tmp_path / "c.h5")
    assert (catalogue.ids, catalogue.x.tolist()) == (["C1", "C2"], [1.5, 2.5])


def two_tables(path):
    """Write stars and clusters into one file of the suffix's format."""
    if path.suffix == ".fits":
        hdus = [fits.BinTableHDU(table, name=name) for name, table in TABLES.items()]
        picture = fits.CompImageHDU(np.zeros((9, 9), np.float32), name="PICTURE")
        fits.HDUList([fits.PrimaryHDU(), picture, *hdus]).writeto(path)
    elif path.suffix == ".vot":
        document = VOTableFile.from_table(TABLES["STARS"])
        more = VOTableFile.from_table(TABLES["CLUSTERS"])
        for part, name in ((document, "STARS"), (more, "CLUSTERS")):
            part.resources[0].tables[0].name = name
        document.resources.append(more.resources[0])
        document.to_xml(str(path))
    else:
        for name, table in TABLES.items():
            table.write(path, path=name, append=True, format="hdf5", serialize_meta=True)
    return path


TABLES = {"STARS": stars(), "CLUSTERS": clusters()}


@pytest.mark.parametrize("name", ["two.fits", "two.vot", "two.h5"])
def test_one_of_several_tables_must_be_named(tmp_path, name):
    path = two_tables(tmp_path / name)
    order = ["CLUSTERS", "STARS"] if name == "two.h5" else ["STARS", "CLUSTERS"]
    listing = f"holds 2 tables .1 {order[0]}, 2 {order[1]}.; say which, by --table"
    with pytest.raises(BadInput, match=listing):
        read_catalogue(path)
    for wanted in ("CLUSTERS", "clusters", str(1 + order.index("CLUSTERS"))):
        options = TableOptions(references={"people": "kind"}, keep=("kind",), table=wanted)
        assert_clusters(read_catalogue(path, options))
    for wanted in ("3", "0", "GALAXIES"):
        with pytest.raises(BadInput, match=f"has no table '{wanted}'"):
            read_catalogue(path, TableOptions(table=wanted))


def test_sextractors_copy_of_a_header_is_no_table(tmp_path):
    header = fits.BinTableHDU(Table({"Field Header Card": ["SIMPLE"]}), name="LDAC_IMHEAD")
    objects = fits.BinTableHDU(clusters(), name="LDAC_OBJECTS")
    fits.HDUList([fits.PrimaryHDU(), header, objects]).writeto(tmp_path / "c.cat")
    assert_clusters(read_catalogue(tmp_path / "c.cat", OPTIONS))


@pytest.mark.parametrize("ending", ["fits", "ecsv", "vot", "h5"])
def test_a_column_of_arrays_is_refused_only_if_it_is_read(tmp_path, ending):
    table = clusters()
    table["flux"] = np.zeros((3, 4))
    path = tmp_path / f"c.{ending}"
    options = {"path": "c", "serialize_meta": True} if ending == "h5" else {}
    table.write(path, format={"vot": "votable", "h5": "hdf5"}.get(ending), **options)
    catalogue = read_catalogue(path, OPTIONS)
    assert_clusters(catalogue)
    assert "flux" in catalogue.notes[-1]
    for read in ({"columns": {"ci": "flux"}}, {"keep": ("flux",)}):
        with pytest.raises(BadInput, match="column 'flux' holds arrays, not one value"):
            read_catalogue(path, TableOptions(**read))


def test_text_of_another_encoding_is_refused_only_if_it_is_read(tmp_path):
    table = clusters()
    table["note"] = np.array(["ä", "b", "c"])
    table["note"] = np.strings.encode(table["note"], "latin-1")
    path = tmp_path / "c.fits"
    table.write(path)
    assert_clusters(read_catalogue(path, OPTIONS))
    with pytest.raises(BadInput, match="column 'note' has a type that is not read"):
        read_catalogue(path, TableOptions(keep=("note",)))


def test_images_are_no_tables(tmp_path):
    fits.PrimaryHDU(np.zeros((9, 9))).writeto(tmp_path / "c.fits")
    with pytest.raises(BadInput, match="not a readable table: it holds images only"):
        read_catalogue(tmp_path / "c.fits")


@pytest.mark.parametrize("ending", ["csv", "parquet", "ecsv"])
def test_a_table_is_not_named_where_there_is_one(tmp_path, ending):
    path = tmp_path / f"c.{ending}"
    clusters().write(path, format="ascii.csv" if ending == "csv" else None)
    with pytest.raises(BadInput, match="holds one table; leave out --table"):
        read_catalogue(path, TableOptions(table="x"))


@pytest.mark.parametrize("fmt", ["fits", "votable", "parquet", "hdf5", "ecsv", "mrt", "sextractor"])
def test_a_file_of_another_format_than_requested_is_refused(tmp_path, fmt):
    path = tmp_path / "c.csv"
    path.write_text("id,x,y\n1,2,3\n")
    with pytest.raises(BadInput, match=r"not a readable table|has no column|holds no") as error:
        read_catalogue(path, TableOptions(format=fmt))
    assert "\n" not in str(error.value)
