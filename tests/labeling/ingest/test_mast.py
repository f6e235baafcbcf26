"""Products of LEGUS and PHANGS-HST are listed and downloaded from a server like MAST."""

import hashlib
import io
import os

import pytest
from django.core.management import CommandError, call_command

from labeling.ingest import mast
from labeling.ingest.errors import BadInput
from tests.labeling.ingest.mast_server import Archive, serving

LEGUS, PHANGS = mast.SURVEYS["legus"], mast.SURVEYS["phangs"]
V_MOSAIC = "hlsp_legus_hst_uvis_ngc1566_f555w_v1_drc.fits"
TABLE = "hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"
CONTENT = os.urandom(3 * 2**20)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(mast, "_POLL_S", 0.01)


@pytest.fixture
def archive():
    archive = Archive()
    for band in ("f275w", "f336w", "f438w", "f555w", "f814w", "f657n"):
        name = f"hlsp_legus_hst_uvis_ngc1566_{band}_v1_drc.fits"
        archive.add("LEGUS", "NGC1566", [name], CONTENT)
    archive.add("LEGUS", "NGC1566", [TABLE, TABLE.replace(".tab", ".readme")])
    archive.add("LEGUS", "NGC628-C", ["hlsp_legus_hst_acs_ngc628-c_f555w_v1_drc.fits"])
    name = "hlsp_phangs-hst_hst_wfc3-uvis_ngc1566_f555w_v1"
    archive.add("PHANGS-HST", "NGC-1566", [f"{name}_exp-drc-sci.fits", f"{name}_err-drc-wht.fits"])
    archive.add(
        "PHANGS-CAT",
        "NGC1566",
        ["hlsp_phangs-cat_hst_uvis_ngc1566_multi_v1_obs-human-cluster-class12.fits"],
    )
    archive.add("TESS-SPOC", "NGC1566", ["hlsp_tess-spoc_ngc1566_v_lc.fits"])
    return archive


@pytest.fixture
def server(archive):
    with serving(archive) as address:
        yield address


def product(archive, name=V_MOSAIC):
    (uri,) = (uri for uri, (_, file_name, _) in archive.files.items() if file_name == name)
    return mast.Product(uri, name, len(archive.files[uri][2]), "V")


def ignore(*_):
    """Show no progress."""


def test_mosaics_of_the_bands_and_catalogues_are_listed(server):
    products = mast.find_products(LEGUS, "ngc1566", server)
    assert [p.band for p in products] == ["NUV", "U", "B", "V", "I", None]
    assert products[3].file_name == V_MOSAIC
    assert products[3].size == len(CONTENT)
    assert products[5].file_name == TABLE


@pytest.mark.parametrize("spelling", ["NGC 1566", "ngc-1566", "Ngc1566"])
def test_spellings_of_a_galaxy_are_one(server, spelling):
    (mosaic, table) = mast.find_products(PHANGS, spelling, server)
    assert mosaic.file_name.endswith("exp-drc-sci.fits")
    assert table.file_name.endswith("obs-human-cluster-class12.fits")


def test_a_field_is_not_another_field_of_its_galaxy(server):
    (mosaic,) = mast.find_products(LEGUS, "ngc628-c", server)
    assert mosaic.file_name == "hlsp_legus_hst_acs_ngc628-c_f555w_v1_drc.fits"
    with pytest.raises(BadInput, match="nothing on 'ngc628'"):
        mast.find_products(LEGUS, "ngc628", server)


def test_a_file_comes_whole_and_its_checksum_is_kept(archive, server, tmp_path):
    steps = []
    path, is_new = mast.download(
        product(archive), tmp_path, lambda *step: steps.append(step), server
    )
    assert is_new
    assert path.read_bytes() == CONTENT
    assert mast.checksums(tmp_path) == {V_MOSAIC: hashlib.sha256(CONTENT).hexdigest()}
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    n_requests = len(archive.requests)
    assert mast.download(product(archive), tmp_path, ignore, server) == (path, False)
    assert len(archive.requests) == n_requests


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_lost_connection_is_taken_up_again(archive, server, tmp_path, knows_ranges):
    archive.breaks_after, archive.knows_ranges = 2**20 + 5, knows_ranges
    path, _ = mast.download(product(archive), tmp_path, ignore, server)
    assert path.read_bytes() == CONTENT
    assert archive.requests[-1][1] == f"bytes={2**20 + 5}-"


def test_a_later_command_goes_on_where_an_earlier_one_was_killed(archive, server, tmp_path):
    (tmp_path / f"{V_MOSAIC}.partial").write_bytes(CONTENT[:1000])
    path, _ = mast.download(product(archive), tmp_path, ignore, server)
    assert path.read_bytes() == CONTENT
    assert next(r for r in archive.requests if isinstance(r, tuple))[1] == "bytes=1000-"


@pytest.mark.parametrize("extra", [b"", b"longer than the archive's"])
def test_a_part_that_is_complete_or_too_long_ends_well(archive, server, tmp_path, extra):
    (tmp_path / f"{V_MOSAIC}.partial").write_bytes(CONTENT + extra)
    path, _ = mast.download(product(archive), tmp_path, ignore, server)
    assert path.read_bytes() == CONTENT


def test_a_file_that_was_changed_is_refused(archive, server, tmp_path):
    path, _ = mast.download(product(archive), tmp_path, ignore, server)
    path.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(BadInput, match="has changed since its download"):
        mast.download(product(archive), tmp_path, ignore, server)


def test_a_file_that_the_archive_lacks_is_named(archive, server, tmp_path):
    absent = mast.Product("mast:HLSP/absent.fits", "absent.fits", 5, "V")
    with pytest.raises(BadInput, match="404"):
        mast.download(absent, tmp_path, ignore, server)
    assert not list(tmp_path.glob("absent*"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": "ERROR", "msg": "no such service"}, "no such service"),
        (b"<html>Maintenance</html>", "does not answer as expected"),
        ([1, 2], "refuses"),
    ],
)
def test_wrong_answers_are_one_sentence(archive, server, answer, reason):
    archive.answers_wrongly = answer
    with pytest.raises(BadInput, match=reason):
        mast.find_products(LEGUS, "ngc1566", server)


def test_an_archive_that_is_away_is_one_sentence():
    with pytest.raises(BadInput, match="does not answer"):
        mast.find_products(LEGUS, "ngc1566", "http://127.0.0.1:1")


def test_names_of_the_archive_stay_in_the_folder(archive, server):
    archive.add("LEGUS", "NGC1566", ["../ngc1566_f555w_v1_drc.fits"])
    names = [p.file_name for p in mast.find_products(LEGUS, "ngc1566", server)]
    assert not [name for name in names if "/" in name]


def test_the_command_lists_downloads_and_says_what_to_do_next(archive, server, tmp_path):
    def fetch(*options):
        output = io.StringIO()
        call_command(
            "fetch_field",
            *["ngc1566", "--server", server, "--folder", str(tmp_path), *options],
            stdout=output,
        )
        return output.getvalue()

    listing = fetch("--list")
    assert "3.0 MiB  V          " + V_MOSAIC in listing
    assert "15.0 MiB in 6 files" in listing
    assert not list(tmp_path.glob("hlsp*"))
    output = fetch()
    assert f"--mosaic {tmp_path / V_MOSAIC}" in output
    assert f"import_catalogue ngc1566 {tmp_path / TABLE}" in output
    assert len(mast.checksums(tmp_path)) == 6
    assert f"{TABLE}: is there already" in fetch("--no-mosaics")
    with pytest.raises(CommandError, match="nothing on 'ngc9999'"):
        call_command("fetch_field", "ngc9999", "--server", server)
