"""Files that are damaged anywhere are read, or refused in one sentence, in bounded memory and time.

Hypothesis changes bytes and cards of whole files of every kind; each is read in a process of its
own. A minute here, more in `make soak`.
"""

import gzip
import io
import os
import resource
import signal
import traceback
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.imaging.mosaics import UnusableImage, read_mosaic
from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import read_probabilities
from labeling.ingest.tables import read_catalogue
from labeling.ingest.vote_files import read_votes
from labeling.ingest.vote_options import VoteOptions
from tests.soak.conftest import LONG

EXAMPLES = 3000 if LONG else 25
MORE_MEMORY = 2**30
SECONDS = 20
REFUSED, UNEXPECTED = 10, 11


def _sky():
    return np.random.default_rng(1).normal(1, 0.1, (60, 50)).astype(np.float32)


def _written(hdus):
    buffer = io.BytesIO()
    fits.HDUList(hdus).writeto(buffer, checksum=True)
    return buffer.getvalue()


def _header():
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRPIX1"], header["CRPIX2"], header["CRVAL1"], header["CRVAL2"] = 25, 30, 65.0, -54.9
    header["CDELT1"], header["CDELT2"], header["FILTER"] = -1.1e-5, 1.1e-5, "F555W"
    return header


def _table(rows=12):
    n = np.arange(rows)
    return Table(
        {
            "id": [f"c{k}" for k in n],
            "x": 10.0 + n,
            "y": 20.5 + n,
            "ra": 65.0 + n / 1000,
            "dec": -54.9 + n / 1000,
            "mag_F555W": 21 + n / 10,
            "class": n % 5,
        }
    )


def _table_bytes(fmt):
    buffer = io.BytesIO() if fmt in {"fits", "votable"} else io.StringIO()
    _table().write(buffer, format=fmt)
    content = buffer.getvalue()
    return content if isinstance(content, bytes) else content.encode()


def _probabilities():
    p = np.full((12, 4), 0.25)
    buffer = io.BytesIO()
    np.save(buffer, p)
    return buffer.getvalue()


def _files():
    """Whole files by name: their content, and what reads them."""
    image = _written([fits.PrimaryHDU(_sky(), _header())])
    extensions = [
        fits.PrimaryHDU(),
        fits.ImageHDU(_sky(), _header(), name="SCI"),
        fits.ImageHDU(_sky(), name="WHT"),
        fits.BinTableHDU(_table(), name="CAT"),
    ]
    votes = "catalogue_id,person,class\n" + "".join(f"c{k},ada,{k % 4 + 1}\n" for k in range(12))
    return {
        "image.fits": (image, read_mosaic),
        "image.fits.gz": (gzip.compress(image), read_mosaic),
        "extensions.fits": (_written(extensions), read_mosaic),
        "table.fits": (_table_bytes("fits"), read_catalogue),
        "table.csv": (_table_bytes("ascii.csv"), read_catalogue),
        "table.csv.gz": (gzip.compress(_table_bytes("ascii.csv")), read_catalogue),
        "table.ecsv": (_table_bytes("ascii.ecsv"), read_catalogue),
        "table.xml": (_table_bytes("votable"), read_catalogue),
        "table.txt": (_table_bytes("ascii.basic"), read_catalogue),
        "scores.npy": (_probabilities(), read_probabilities),
        "votes.csv": (votes.encode(), lambda path: read_votes(path, "ngc1566", VoteOptions())),
    }


FILES = _files()

# Positions are shares of the file, so that they are as likely in its headers as in its end.
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("byte"), st.floats(0, 1), st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("early byte"), st.floats(0, 1), st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("insert"), st.floats(0, 1), st.binary(min_size=1, max_size=80)),
        st.tuples(st.just("cut"), st.floats(0, 1), st.integers(1, 3000)),
        st.tuples(st.just("digit"), st.floats(0, 1), st.sampled_from(b"0123456789-+.eE'\"<>,;")),
    ),
    min_size=1,
    max_size=6,
)


def damaged(content, edits):
    """Return the content after the edits."""
    data = bytearray(content)
    for kind, share, value in edits:
        length = min(len(data), 3000) if kind == "early byte" else len(data)
        place = int(share * max(length - 1, 0))
        if kind == "insert":
            data[place:place] = value
        elif kind == "cut":
            del data[place : place + value]
        elif kind == "digit":
            digits = [k for k, byte in enumerate(data[:20000]) if chr(byte).isdigit()]
            if digits:
                data[digits[int(share * (len(digits) - 1))]] = value
        else:
            data[place : place + len(value)] = value
    return bytes(data)


def outcome_in_child(read, path):
    """Read the file in a process of its own; return its exit status and its last words."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        status, text = 0, ""
        try:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + MORE_MEMORY, used + MORE_MEMORY))
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            read(path)
        except (BadInput, UnusableImage) as error:
            status, text = REFUSED, str(error)
        except BaseException:
            status, text = UNEXPECTED, traceback.format_exc()
        os.write(writer, text.encode()[-60000:])
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode()
    _, wait_status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(wait_status), text


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused_in_a_sentence(name, tmp_path):
    content, read = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    assert outcome_in_child(read, path) == (0, "")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not LONG,
        suppress_health_check=list(HealthCheck),
    )
    @given(edits=EDITS)
    def try_edits(edits):
        path.write_bytes(damaged(content, edits))
        status, text = outcome_in_child(read, path)
        assert status in {0, REFUSED}, text
        if status == REFUSED:
            assert text.startswith(str(path)), text
            assert "\n" not in text

    try_edits()
