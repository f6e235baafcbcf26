"""A table that refers to another file or address is refused, and nothing else is opened."""

import gzip
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from astropy.table import Table
from pyarrow import parquet

from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import read_probabilities
from labeling.ingest.tables import read_catalogue

SECRET = "the-secret-key"

VOTABLE = """<?xml version="1.0"?>
{declaration}
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="id" datatype="char" arraysize="{width}"/>
<FIELD name="x" datatype="double"/><FIELD name="y" datatype="double"/>
<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>"""

_listeners: list[Callable[[str, tuple], None]] = []


@contextmanager
def opened() -> Iterator[set[str]]:
    """Collect the files that Python opens for reading and the addresses that it connects to."""
    names: set[str] = set()

    def listen(event: str, args: tuple) -> None:
        if event == "open" and isinstance(args[0], str | bytes | Path):
            names.add(str(args[0]))
        elif event in {"urllib.Request", "socket.connect", "socket.getaddrinfo"}:
            names.add(str(args))

    if not _listeners:
        sys.addaudithook(lambda event, args: [hear(event, args) for hear in _listeners] and None)
    _listeners.append(listen)
    try:
        yield names
    finally:
        _listeners.remove(listen)


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "elsewhere" / "secret_key"
    path.parent.mkdir()
    path.write_bytes(SECRET.encode() + bytes(16))
    return path


def votable(path, data, declaration=""):
    path.write_text(VOTABLE.format(data=data, width=len(SECRET), declaration=declaration))
    return path


STREAMS = [
    '<BINARY><STREAM href="{url}"/></BINARY>',
    '<BINARY2><STREAM href="{url}"/></BINARY2>',
    '<BINARY><v:STREAM xmlns:v="x" href="{url}"/></BINARY>',
    '<BINARY><STREAM type="locator" encoding="gzip" href="{url}"></STREAM></BINARY>',
    '<FITS extnum="1"><STREAM href="{url}"/></FITS>',
    '<PARQUET type="VOTable-remote-file"><STREAM href="{url}"/></PARQUET>',
]


@pytest.mark.parametrize("read", [read_catalogue, read_probabilities])
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", ["c.vot", "c.xml", "c.fits", "c"])
def test_a_votable_whose_rows_are_in_another_file_is_refused(tmp_path, secret, read, stream, name):
    path = votable(tmp_path / name, stream.format(url=secret.as_uri()))
    with opened() as names, pytest.raises(BadInput, match=r"rows are not in this file") as error:
        read(path)
    assert str(secret) not in names
    assert SECRET not in str(error.value)


def test_a_compressed_votable_is_refused_too(tmp_path, secret):
    path = votable(tmp_path / "c.vot", STREAMS[0].format(url=secret.as_uri()))
    compressed = tmp_path / "c.vot.gz"
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    with opened() as names, pytest.raises(BadInput, match="rows are not in this file"):
        read_catalogue(compressed)
    assert str(secret) not in names


def test_an_address_is_not_fetched(tmp_path):
    stream = STREAMS[0].format(url="http://127.0.0.1:9/rows")
    path = votable(tmp_path / "c.vot", stream)
    with opened() as names, pytest.raises(BadInput, match=r"at 'http://127\.0\.0\.1:9/rows'"):
        read_catalogue(path)
    assert not [name for name in names if "127.0.0.1" in name]


def test_an_external_entity_is_not_read(tmp_path, secret):
    declaration = f'<!DOCTYPE VOTABLE [<!ENTITY rows SYSTEM "{secret.as_uri()}">]>'
    row = "<TABLEDATA><TR><TD>a&rows;</TD><TD>1</TD><TD>2</TD></TR></TABLEDATA>"
    path = votable(tmp_path / "c.vot", row, declaration)
    with opened() as names:
        try:
            ids = read_catalogue(path).ids
        except BadInput as error:
            ids = [str(error)]
    assert str(secret) not in names
    assert SECRET not in str(ids)


def external_link(file, secret):
    file["more"] = h5py.ExternalLink(str(secret), "/table")


def link_in_a_group(file, secret):
    external_link(file.create_group("a/b"), secret)


def raw_data_elsewhere(file, secret):
    file.create_dataset("id", (14,), "S1", external=[(str(secret), 0, 14)])


def virtual_dataset(file, secret):
    layout = h5py.VirtualLayout((2,), "f8")
    layout[:] = h5py.VirtualSource(str(secret), "x", (2,))
    file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize("read", [read_catalogue, read_probabilities])
@pytest.mark.parametrize(
    "refer", [external_link, link_in_a_group, raw_data_elsewhere, virtual_dataset]
)
def test_hdf5_that_refers_to_other_files_is_refused(tmp_path, secret, read, refer):
    path = tmp_path / "c.h5"
    Table({"id": ["a"], "x": [1.0], "y": [2.0]}).write(path, path="good", format="hdf5")
    with h5py.File(path, "a") as file:
        refer(file, secret)
    with pytest.raises(BadInput, match="in one file") as error:
        read(path)
    assert SECRET not in str(error.value)


def test_parquet_whose_columns_are_in_another_file_is_refused(tmp_path, secret):
    Table({"id": ["a"], "x": [1.0], "y": [2.0]}).write(tmp_path / "good.parquet")
    metadata = parquet.read_metadata(tmp_path / "good.parquet")
    metadata.set_file_path(str(secret))
    path = tmp_path / "c.parquet"
    metadata.write_metadata_file(path)
    with opened() as names, pytest.raises(BadInput, match="is not in this file but in"):
        read_catalogue(path)
    assert str(secret) not in names


def test_pickled_objects_are_not_loaded(tmp_path):
    class Explode:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    path = tmp_path / "c.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("t")
        group["id"] = np.void(pickle.dumps(Explode()))
        group["x"], group["y"] = [1.0], [2.0]
    with pytest.raises(BadInput):
        read_catalogue(path)
    (tmp_path / "c.npy").write_bytes(b"\x93NUMPY" + pickle.dumps(Explode()))
    with pytest.raises(BadInput):
        read_probabilities(tmp_path / "c.npy")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["c.csv", "c.ecsv", "c.fits", "c.vot", "c.xml", "c.dat"])
def test_a_table_opens_nothing_else(tmp_path, name):
    formats = {".vot": "votable", ".xml": "votable", ".dat": "ascii.basic"}
    path = tmp_path / name
    Table({"id": ["a", "b"], "x": [1.0, 2.0], "y": [3.0, 4.0]}).write(
        path, format=formats.get(path.suffix)
    )
    read_catalogue(path)  # loads the modules of the format
    with opened() as names:
        catalogue = read_catalogue(path)
    assert catalogue.ids == ["a", "b"]
    assert {name for name in names if not name.endswith((".py", ".pyc"))} == {str(path)}
