"""Tables of every format with damaged bytes: one sentence, never another error."""

import random

import pytest
from astropy.table import MaskedColumn, Table

from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import read_probabilities
from labeling.ingest.tables import read_catalogue

SEXTRACTOR = b"# 1 NUMBER n\n# 2 X_IMAGE x [pixel]\n# 3 Y_IMAGE y [pixel]\n 1 2 3\n 2 3 4\n"
FORMATS = {
    "csv": "ascii.csv",
    "txt": "ascii.basic",
    "ecsv": "ascii.ecsv",
    "mrt": "ascii.mrt",
    "tbl": "ascii.ipac",
    "fits": "fits",
    "vot": "votable",
    "h5": "hdf5",
    "parquet": "parquet",
}
PIECES = (b'"', b"<", b"#", b"\n", b"\0", b"-", b"{", b"9" * 30, b"&a;", b",", b"'")


def content_of(folder, ending):
    if ending == "cat":
        return SEXTRACTOR
    table = Table({"id": ["a", "b"], "x": [1.0, 2.0], "y": [1.0, 2.0], "ra": [1.0, 2.0]})
    table["dec"], table["mag_V"] = [1.0, 2.0], MaskedColumn([20.0, 21.0], mask=[True, False])
    table["ra"].unit = "deg"
    options = {"path": "t", "serialize_meta": True} if ending == "h5" else {}
    table.write(folder / f"good.{ending}", format=FORMATS[ending], **options)
    return (folder / f"good.{ending}").read_bytes()


def damaged(content, dice):
    """Return the bytes with some replaced, left out, repeated or added."""
    data = bytearray(content)
    for _ in range(dice.choice((1, 2, 5, 20))):
        k = dice.randrange(len(data) or 1)
        match dice.randrange(4):
            case 0:
                data[k : k + 1] = bytes([dice.randrange(256)])
            case 1:
                del data[k : k + dice.randrange(1, 50)]
            case 2:
                data[k:k] = dice.choice(PIECES)
            case _:
                data[k : k + 20] = data[:20]
    return bytes(data)


@pytest.mark.parametrize("ending", [*FORMATS, "cat"])
def test_a_damaged_table_is_read_or_refused_in_one_sentence(tmp_path, ending):
    content, dice = content_of(tmp_path, ending), random.Random(ending)
    path = tmp_path / f"c.{ending}"
    for _ in range(60):
        path.write_bytes(damaged(content, dice))
        for read in (read_catalogue, read_probabilities):
            try:
                read(path)
            except BadInput as error:
                assert "\n" not in str(error)
                assert str(error).startswith(str(path))
