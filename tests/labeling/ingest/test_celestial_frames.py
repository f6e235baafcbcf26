"""A field whose header has any frame and axis order: ICRS in rows, pages and exports."""

import io

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from labeling.imaging.cutouts import encode_fits
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import MosaicRequest, import_field
from tests.labeling.imaging.test_celestial import FRAMES, header, reference, with_lookup
from tests.labeling.skies import BANDS, FILTERS, pixels, write_catalogue

pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]

SHAPE = (300, 240)
PLACES = {1: (119.0, 149.0), 2: (60.25, 200.5)}
"""x, y from 0 by id."""


def imported(folder, cards):
    """Return the field of five bands with this header, and PLACES imported without RA and Dec."""
    paths = []
    for band in BANDS:
        named = fits.Header(cards, copy=True)
        named["FILTER"] = FILTERS[band]
        paths.append(folder / f"{FILTERS[band]}.fits")
        fits.PrimaryHDU(pixels(band, SHAPE), named).writeto(paths[-1])
    field = import_field("ngc1", [MosaicRequest(path) for path in paths])
    rows = [{"id": number, "x": x + 1, "y": y + 1} for number, (x, y) in PLACES.items()]
    import_catalogue(field, write_catalogue(folder / "cat.csv", rows), CatalogueOptions())
    return field


@pytest.mark.parametrize("name", FRAMES)
def test_candidates_lie_at_the_icrs_position_of_their_pixel(tmp_path, name):
    cards, frame = FRAMES[name]
    field = imported(tmp_path, cards)
    for candidate in field.candidates.all():
        expected = reference(cards, frame, *PLACES[candidate.catalogue_number])
        sky = SkyCoord(candidate.ra, candidate.dec, unit="deg")
        assert sky.separation(expected).to_value(u.arcsec) == pytest.approx(0, abs=1e-6)
    assert field.pixel_scale_arcsec == pytest.approx(0.04, rel=1e-4)


@pytest.mark.parametrize("name", ["galactic", "fk4", "fk5 of 1990", "galactic, RADESYS"])
def test_the_wcs_of_a_stamp_gives_the_position_by_astropy(tmp_path, name):
    field = imported(tmp_path, FRAMES[name][0])
    candidate = field.candidates.get(catalogue_number=2)
    with fits.open(io.BytesIO(encode_fits(candidate))) as file:
        for hdu in file[1:]:
            # A stamp of 100 px about (60.25, 200.5) begins at (11, 151).
            sky = WCS(hdu.header).pixel_to_world(49.25, 49.5).icrs
            expected = SkyCoord(candidate.ra, candidate.dec, unit="deg")
            assert sky.separation(expected).to_value(u.arcsec) == pytest.approx(0, abs=1e-5)


def test_declination_may_be_the_first_axis(tmp_path):
    cards = header(CTYPE1="DEC--TAN", CTYPE2="RA---TAN", CRVAL1=11.6, CRVAL2=189.99)
    cards["CD1_1"] = -cards["CD1_1"]
    field = imported(tmp_path, cards)
    for candidate in field.candidates.all():
        expected = WCS(cards).pixel_to_world(*PLACES[candidate.catalogue_number]).icrs
        assert candidate.ra == pytest.approx(expected.ra.deg, abs=1e-9)
        assert candidate.dec == pytest.approx(expected.dec.deg, abs=1e-9)
    # North is right and east is up.
    assert (field.north_deg, field.east_left) == (pytest.approx(-90, abs=1e-2), True)


def test_a_frame_that_is_not_on_the_sky_is_refused(tmp_path):
    with pytest.raises(BadInput, match="the axis TLON, which is not on the sky"):
        imported(tmp_path, header("TLON", "TLAT"))


def test_tables_of_a_distortion_are_refused(tmp_path):
    hdus = with_lookup(np.linspace(-2, 2, 25).reshape(5, 5))
    hdus[0].data = pixels("V", SHAPE)
    hdus[0].header["FILTER"] = "F555W"
    hdus.writeto(tmp_path / "v.fits")
    with pytest.raises(BadInput, match=r"v\.fits: lookup tables correct its positions"):
        import_field("ngc1", [MosaicRequest(tmp_path / "v.fits")])
