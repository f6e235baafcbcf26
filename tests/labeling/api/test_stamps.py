"""GET /api/v1/candidates/{id}/stamps.npy and stamps.fits"""

import io
from http import HTTPStatus

import numpy as np
import pytest
import zarr
from astropy.io import fits
from astropy.wcs import WCS

from classifier.core.bands import BANDS, FILTERS
from labeling.models import Candidate, Field
from tests.labeling.skies import POSITIONS
from tests.labeling.world import API, problem

pytestmark = pytest.mark.beside("sqlite")


def url(candidate, ending):
    return f"{API}/candidates/{candidate.pk}/stamps.{ending}"


def content(response):
    assert response.status_code == HTTPStatus.OK
    return io.BytesIO(response.getvalue())


@pytest.mark.parametrize("number", POSITIONS)
def test_the_array_is_that_of_the_pack(as_ada, imported, number):
    candidate = imported.candidates.get(catalogue_number=number)
    array = np.load(content(as_ada.get(url(candidate, "npy"))), allow_pickle=False)
    assert (array.dtype, array.shape) == (np.dtype("<f4"), (5, 100, 100))
    assert array.flags.c_contiguous
    packed = zarr.open_group(candidate.pack_path, mode="r")["stamps"][candidate.pack_row]
    assert array.tobytes() == np.asarray(packed).tobytes()


def test_the_array_may_be_cached_for_ever(as_ada, imported):
    response = as_ada.get(url(imported.candidates.first(), "npy"))
    assert "immutable" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]


def test_the_file_has_an_hdu_for_each_filter(as_ada, imported):
    candidate = imported.candidates.get(catalogue_number=2)
    array = np.load(content(as_ada.get(url(candidate, "npy"))))
    with fits.open(content(as_ada.get(url(candidate, "fits"))), checksum=True) as file:
        assert [hdu.name for hdu in file[1:]] == list(FILTERS.values())
        assert file[0].header["OBJECT"] == "NGC 1566"
        assert file[0].header["CATID"] == "2"
        for hdu, image, band in zip(file[1:], array, BANDS, strict=True):
            assert hdu.header["BAND"] == band
            assert hdu.header["BUNIT"] == "ELECTRONS/S"
            np.testing.assert_array_equal(hdu.data, image)


@pytest.mark.parametrize("number", POSITIONS)
def test_its_wcs_gives_the_position_of_the_candidate(as_ada, imported, number):
    candidate = imported.candidates.get(catalogue_number=number)
    row = as_ada.get(f"{API}/candidates/{candidate.pk}/").json()
    with fits.open(content(as_ada.get(url(candidate, "fits")))) as file:
        for hdu in file[1:]:
            x, y = WCS(hdu.header).all_world2pix(row["ra_deg"], row["dec_deg"], 0)
            assert x == pytest.approx(row["stamp_x"], abs=0.01)
            assert y == pytest.approx(row["stamp_y"], abs=0.01)


def test_a_filter_that_was_not_observed_has_no_hdu(as_ada, imported):
    candidate = imported.candidates.first()
    Candidate.objects.filter(pk=candidate.pk).update(observed="U B V I")
    with fits.open(content(as_ada.get(url(candidate, "fits")))) as file:
        assert FILTERS["NUV"] not in file


def test_names_with_other_letters_are_written_as_ascii(as_ada, imported):
    candidate = imported.candidates.first()
    Candidate.objects.filter(pk=candidate.pk).update(catalogue_id="naïve\tβ-1")
    Field.objects.update(galaxy="Écu")
    with fits.open(content(as_ada.get(url(candidate, "fits")))) as file:
        assert file[0].header["CATID"].startswith("naive")
        assert file[0].header["OBJECT"] == "Ecu"


@pytest.mark.parametrize("ending", ["npy", "fits"])
def test_the_error_for_a_missing_pack_names_it(as_ada, candidate, ending):
    refused = problem(as_ada.get(url(candidate, ending)), HTTPStatus.SERVICE_UNAVAILABLE)
    assert "none" in refused["detail"]


@pytest.mark.parametrize("ending", ["npy", "fits"])
def test_a_candidate_set_aside_has_no_stamps(as_ada, imported, ending):
    candidate = imported.candidates.first()
    Candidate.objects.filter(pk=candidate.pk).update(set_aside="outside the image")
    problem(as_ada.get(url(candidate, ending)), HTTPStatus.NOT_FOUND)


def test_stamps_have_a_wcs_without_the_file_of_the_mosaic(as_ada, imported, tmp_path):
    candidate = imported.candidates.first()
    imported.mosaics.update(path=str(tmp_path / "gone.fits"))
    with fits.open(content(as_ada.get(url(candidate, "fits")))) as file:
        assert WCS(file["F555W"].header).has_celestial
