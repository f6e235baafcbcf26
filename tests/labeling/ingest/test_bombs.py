"""Small files that would unpack or be read without end: one sentence, in bounded memory and time.

Each is read by a process that may have 3 GiB of address space and 60 s of processor time.
"""

import gzip
import io
import resource
import subprocess
import sys

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from labeling.files.limits import MAX_PIXELS, LimitExceeded, check_fits, check_table
from labeling.imaging.mosaics import read_mosaic
from labeling.ingest.tables import read_catalogue
from tests.labeling.skies import write_mosaic
from tests.services.site import ROOT

MEMORY, SECONDS = 3 * 2**30, 60
READERS = {
    "mosaic": "from labeling.imaging.mosaics import read_mosaic as read; ",
    "sky": "from labeling.imaging.mosaics import read_mosaic; "
    "read = lambda path: print(f'{path}: {read_mosaic(path).sky}') or sys.exit(); ",
    "pixels": "from labeling.imaging.mosaics import read_mosaic; "
    "read = lambda path: read_mosaic(path).image; ",
    "catalogue": "from labeling.ingest.tables import read_catalogue as read; ",
    "predictions": "from labeling.ingest.probabilities import read_probabilities as read; ",
}
READ = """
from pathlib import Path; from labeling.ingest.errors import BadInput
from labeling.imaging.mosaics import UnusableImage
try: read(Path(sys.argv[1])); print("was read")
except (BadInput, UnusableImage) as error: print(error)
"""


def set_limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def message_for(reader, path):
    """Read the file in a process with limits; return the sentence that refuses it."""
    result = subprocess.run(
        [sys.executable, "-c", "import sys; " + READERS[reader] + READ, str(path)],
        cwd=ROOT,
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        preexec_fn=set_limits,
        check=False,
    )
    assert result.returncode == 0, (result.returncode, result.stderr[-2000:])
    (message,) = result.stdout.splitlines()
    assert message.startswith(f"{path}: ")
    return message


def cards(*texts):
    """Return header blocks of these cards and END."""
    text = "".join(text.ljust(80) for text in (*texts, "END")).encode()
    return text + b" " * (-len(text) % 2880)


def primary(*more):
    return cards("SIMPLE  =                    T", "BITPIX  =                    8", *more)


EMPTY = ("NAXIS   =                    0",)


def image_of(width, height, bitpix=-32):
    """Return the header of an image whose pixels are nowhere."""
    return cards(
        "SIMPLE  =                    T",
        f"BITPIX  = {bitpix:20d}",
        "NAXIS   =                    2",
        f"NAXIS1  = {width:20d}",
        f"NAXIS2  = {height:20d}",
    )


def packed_zeros(gibibytes, start=b""):
    """Return gzip members that unpack to the start and so many GiB of zeros."""
    return gzip.compress(start) + gzip.compress(bytes(2**26), 9) * (16 * gibibytes)


def huge_axes(path):
    path.write_bytes(image_of(10**9, 10**9))


def huge_sparse_file(path):
    with path.open("wb") as file:
        file.write(image_of(10**6, 10**6, 8))
        file.truncate(10**12)


def many_axes(path):
    path.write_bytes(
        primary("NAXIS   =                  999", *[f"NAXIS{n:<3}= 9" for n in range(1, 1000)])
    )


def endless_header(path):
    with path.open("wb") as file:
        file.write(cards("SIMPLE  =                    T")[:80])
        for _ in range(150):
            file.write(b"COMMENT".ljust(80) * 2**14)


def packed_header(path):
    path.write_bytes(packed_zeros(12, b"SIMPLE  =                    T".ljust(80)))


def packed_pixels(path):
    path.write_bytes(packed_zeros(12, image_of(50_000, 60_000)))


def packed_tail(path):
    path.write_bytes(packed_zeros(12, primary(*EMPTY)))


def many_hdus(path):
    image_hdu = cards("XTENSION= 'IMAGE   '", "BITPIX  =                    8", *EMPTY)
    path.write_bytes(gzip.compress(primary(*EMPTY)) + gzip.compress(image_hdu * 2000) * 500)


def tile_compressed(path, **changes):
    """Write a small compressed image whose header is then changed."""
    buffer = io.BytesIO()
    small = fits.CompImageHDU(np.zeros((64, 64), np.float32), compression_type="GZIP_1")
    fits.HDUList([fits.PrimaryHDU(), small]).writeto(buffer)
    content = buffer.getvalue()
    for name, value in changes.items():
        at = content.index(name.ljust(8).encode() + b"=")
        content = content[:at] + f"{name:8}= {value:20d}".ljust(80).encode() + content[at + 80 :]
    path.write_bytes(content)


def huge_compressed_image(path):
    tile_compressed(path, ZNAXIS1=200_000, ZNAXIS2=200_000)


def huge_tile(path):
    tile_compressed(path, ZTILE1=10**6, ZTILE2=10**6)


MOSAICS = {
    huge_axes: "a header declares 4.0e+18 bytes",
    huge_sparse_file: "1000000 x 1000000 px",
    many_axes: "",
    endless_header: "a header has more than",
    packed_header: "a header has more than",
    packed_pixels: "unpacks to more than 8 GiB",
    packed_tail: "a header has more than",
    many_hdus: "more than 1000 HDUs",
    huge_compressed_image: "200000 x 200000 px",
    huge_tile: "tiles have 1000000000000 pixels",
}


@pytest.mark.parametrize("write", MOSAICS)
def test_a_mosaic_is_refused(tmp_path, write):
    write(tmp_path / "bomb.fits")
    assert MOSAICS[write] in message_for("mosaic", tmp_path / "bomb.fits")


def packed_text(path):
    path.write_bytes(packed_zeros(12, b"id,x,y\n1,2,3\n"))


def large_text(path):
    with path.open("wb") as file:
        file.write(b"id,x,y\n1,2,3\n")
        file.truncate(10**12)


def rows_without_width(path):
    table = fits.BinTableHDU(Table({"id": np.array(["1"])}))
    table.header["NAXIS2"] = 1
    table.writeto(path)
    content = path.read_bytes()
    for name, value in {"NAXIS1": 0, "NAXIS2": 10**12}.items():
        at = content.rindex(name.ljust(8).encode() + b"=")
        content = content[:at] + f"{name:8}= {value:20d}".ljust(80).encode() + content[at + 80 :]
    path.write_bytes(content.replace(b"'1A      '", b"'0A      '"))


def shared_heap(path):
    """Every row is the same million of numbers."""
    column = fits.Column("id", "PJ(1)", array=np.array([np.arange(1), np.arange(1)], dtype=object))
    fits.BinTableHDU.from_columns([column]).writeto(path)


def many_names(path):
    path.write_text(",".join(f"c{n}" for n in range(100_000)) + "\n")


def many_fits_columns(path):
    fields = [f"TFORM{n:<3}= '1B      '" for n in range(1, 30_001)]
    table = cards(
        "XTENSION= 'BINTABLE'",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
        "NAXIS1  =                30000",
        "NAXIS2  =                    1",
        "PCOUNT  =                    0",
        "GCOUNT  =                    1",
        "TFIELDS =                30000",
        *fields,
    )
    path.write_bytes(primary(*EMPTY) + table + bytes(31_680))


def many_fields(path):
    field = '<FIELD name="c{}" datatype="int"/>'
    path.write_text(
        "<VOTABLE><RESOURCE><TABLE>"
        + "".join(map(field.format, range(100_000)))
        + "</TABLE></RESOURCE></VOTABLE>"
    )


def many_declared_rows(path):
    path.write_text(
        '<VOTABLE><RESOURCE><TABLE nrows="9000000"><FIELD name="c" datatype="double"/>'
        "<DATA><TABLEDATA/></DATA></TABLE></RESOURCE></VOTABLE>"
    )


def huge_cells(path):
    path.write_text(
        '<VOTABLE><RESOURCE><TABLE><FIELD name="c" datatype="double" arraysize="99999x99999"/>'
        "<DATA><TABLEDATA/></DATA></TABLE></RESOURCE></VOTABLE>"
    )


def many_descriptions(path):
    lines = "".join(f"# - {{name: c{n}, datatype: int64}}\n" for n in range(100_000))
    path.write_text(f"# %ECSV 1.0\n# ---\n# datatype:\n{lines}c0\n1\n")


def distant_column(path):
    path.write_text("# 1 NUMBER\n# 999999999 X_IMAGE\n 1 2\n")


def packed_dataset(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("t")
        for name in ("id", "x", "y"):
            group.create_dataset(name, (9_000_000,), "S400", chunks=(10_000,), compression="gzip")


def repeated_values(path):
    column = pa.array(np.zeros(9_000_000))
    pq.write_table(pa.table({f"c{n}": column for n in range(10)}), path)


def repeated_texts(path):
    text = pa.DictionaryArray.from_arrays(np.zeros(10**6, np.int32), ["x" * 10**6])
    pq.write_table(pa.table({"id": text}), path)


TABLES = [
    ("bomb.csv", many_names, "it has 100000 columns, and at most 2000 are read"),
    ("bomb.fits", many_fits_columns, "more than 2000 columns"),
    ("bomb.vot", many_fields, "it has 2001 columns"),
    ("bomb.vot", many_declared_rows, "it declares 9000000 rows; it is damaged"),
    ("bomb.vot", huge_cells, "a cell of column 'c' has 9999800001 elements"),
    ("bomb.ecsv", many_descriptions, "columns, and at most 2000 are read"),
    ("bomb.cat", distant_column, "it has 999999999 columns, and at most 2000 are read"),
    ("bomb.h5", packed_dataset, "unpacks to more than 256 MiB"),
    ("bomb.parquet", repeated_values, "unpacks to more than 256 MiB"),
    ("bomb.parquet", repeated_texts, "a cell in column 'id' has over 1000 characters"),
    ("bomb.csv.gz", packed_text, "unpacks to more than 256 MiB"),
    ("bomb.fits", packed_pixels, "unpacks to more than 256 MiB"),
    ("bomb.csv", large_text, "larger than 256 MiB"),
    ("bomb.tab", large_text, "larger than 256 MiB"),
    ("bomb.fits", endless_header, "a header has more than"),
    ("bomb.fits", many_hdus, "unpacks to more than 256 MiB"),
    ("bomb.fits", rows_without_width, "more than 10000000 rows"),
    ("bomb.fits", shared_heap, "column id has values of variable length"),
]


@pytest.mark.parametrize(("name", "write", "reason"), TABLES)
def test_a_catalogue_is_refused(tmp_path, name, write, reason):
    write(tmp_path / name)
    assert reason in message_for("catalogue", tmp_path / name)


@pytest.mark.parametrize("name", ["bomb.tab", "bomb.txt", "bomb"])
def test_predictions_are_refused(tmp_path, name):
    large_text(tmp_path / name)
    assert "larger than 256 MiB" in message_for("predictions", tmp_path / name)


def test_an_array_is_not_as_large_as_it_declares(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 4), }\n"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    (tmp_path / "bomb.npy").write_bytes(start)
    assert message_for("predictions", tmp_path / "bomb.npy")


def large_image(path):
    """Write an image of 3.2 GB, zero but for its first pixel; the disk holds no zeros."""
    with path.open("wb") as file:
        file.write(image_of(20_000, 20_000, -64))
        file.write(np.array([5.0], ">f8").tobytes())
        file.truncate(2880 * 2 + 20_000 * 20_000 * 8)
    assert MAX_PIXELS > 20_000 * 20_000
    return path


def test_an_image_larger_than_the_memory_is_measured(tmp_path):
    assert message_for("sky", large_image(tmp_path / "large.fits")).endswith(": 5.0")


def test_what_needs_more_memory_than_there_is_is_refused(tmp_path):
    path = large_image(tmp_path / "large.fits")
    assert "not enough memory" in message_for("pixels", path)


@pytest.mark.parametrize("cut", [100, 2000])
def test_a_compressed_file_that_is_cut_short_is_named(tmp_path, cut):
    content = gzip.compress(write_mosaic(tmp_path / "v.fits").read_bytes())
    (tmp_path / "cut.fits").write_bytes(content[:cut])
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"id,x,y\n1,2,3\n")[:20])
    assert message_for("mosaic", tmp_path / "cut.fits")
    assert message_for("catalogue", tmp_path / "cut.csv.gz")


def test_compressed_files_are_read(tmp_path):
    mosaic = write_mosaic(tmp_path / "v.fits")
    catalogue = tmp_path / "c.fits"
    Table({"id": ["1"], "x": [51.0], "y": [51.0]}).write(catalogue)
    for path in (mosaic, catalogue):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    expected = read_mosaic(mosaic).image
    np.testing.assert_array_equal(read_mosaic(tmp_path / "v.fits.gz").image, expected)
    assert read_catalogue(tmp_path / "c.fits.gz").ids == ["1"]


def test_a_file_in_an_archive_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and so on")
    for check in (check_fits, check_table):
        with pytest.raises(LimitExceeded, match="packed by zip; unpack it"):
            check(tmp_path / "a.zip")
