"""The camera: zero points, noise, headers, PSFs."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs.utils import proj_plane_pixel_scales
from photutils.aperture import CircularAperture

from classifier.core.bands import BANDS
from labeling.imaging.photometry import concentration
from labeling.simulation import WFC3_UVIS, read_psfs, read_zero_points
from labeling.simulation.instrument import (
    READ_NOISE,
    expose,
    mosaic_hdu,
    sky_variance,
    tangent_plane,
)
from labeling.simulation.profiles import EFF, draw
from labeling.simulation.psf import centre_psf, wfc3_psf
from labeling.simulation.scene import add_patch, convolve, splat

CENTRE = np.array([100.3]), np.array([99.6])


@pytest.mark.parametrize("band", BANDS)
def test_empty_sky_has_the_expected_mean_and_variance(band: str) -> None:
    dark = np.zeros((600, 600), dtype=np.float32)
    pixels = expose(dark, WFC3_UVIS[band], np.random.default_rng(5))
    variance = sky_variance(WFC3_UVIS[band])
    # 360 000 pixels, slightly correlated: the error of the variance is about half a percent.
    assert pixels.var() == pytest.approx(variance, rel=0.015)
    assert abs(pixels.mean()) < 6.0 * np.sqrt(variance / pixels.size)


def test_the_sky_variance_is_sky_and_read_noise_shared_among_neighbours() -> None:
    zero_point = WFC3_UVIS["V"]
    electrons = zero_point.sky * zero_point.exptime + 3 * READ_NOISE**2
    shared = (0.88**2 + 2 * 0.06**2) ** 2
    assert sky_variance(zero_point) == pytest.approx(electrons * shared / zero_point.exptime**2)


def test_poisson_noise_grows_with_the_light() -> None:
    zero_point = WFC3_UVIS["B"]
    bright = np.full((400, 400), 2.0, dtype=np.float32)
    pixels = expose(bright, zero_point, np.random.default_rng(2))
    shared = (0.88**2 + 2 * 0.06**2) ** 2
    expected = sky_variance(zero_point) + 2.0 / zero_point.exptime * shared
    assert pixels.var() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("band", BANDS)
def test_photometry_of_an_isolated_star_gives_its_magnitude(band: str) -> None:
    zero_point = WFC3_UVIS[band]
    plane = np.zeros((200, 200), dtype=np.float32)
    splat(plane, *CENTRE, np.array([zero_point.flux(18.0)]))
    image = convolve(plane, wfc3_psf(band, spike_angle=0.7))
    mosaic = expose(image, zero_point, np.random.default_rng(3))
    aperture = CircularAperture(np.column_stack(CENTRE), 40.5)
    total, _ = aperture.do_photometry(mosaic)
    # The aperture contains the whole PSF; its noise is below a hundredth of a magnitude.
    assert zero_point.magnitude(total[0]) == pytest.approx(18.0, abs=0.02)


@pytest.mark.parametrize("radius", [0.6, 1.2, 2.5])
def test_a_cluster_is_less_concentrated_than_a_star(radius: float) -> None:
    psf = wfc3_psf("V", spike_angle=0.3)
    star, cluster = (np.zeros((200, 200), dtype=np.float32) for _ in range(2))
    splat(star, *CENTRE, np.array([1.0]))
    add_patch(cluster, draw(EFF.of_half_light(radius, 3.0), (100.3, 99.6)), 1.0)
    star_index, cluster_index = (
        concentration(convolve(plane, psf), *CENTRE)[0] for plane in (star, cluster)
    )
    assert 0.9 < star_index < 1.2
    assert cluster_index > star_index + 0.15


def test_a_model_psf_is_centred_and_keeps_its_flux() -> None:
    y, x = np.indices((64, 64))
    model = np.exp(-0.5 * ((x - 33.3) ** 2 + (y - 30.8) ** 2) / 1.2**2)
    psf = centre_psf(model, "V")
    y, x = np.indices(psf.shape) - psf.shape[0] // 2
    assert psf.sum() == pytest.approx(1.0, abs=1e-5)
    assert (psf * x).sum() == pytest.approx(0.0, abs=0.02)
    assert (psf * y).sum() == pytest.approx(0.0, abs=0.02)


def test_the_header_has_the_wcs_and_marks_the_pixels_as_simulated() -> None:
    wcs = tangent_plane((51.0, 41.0), (65.0, -54.9), 0.0396)
    hdu = mosaic_hdu(np.zeros((80, 100), np.float32), WFC3_UVIS["I"], wcs, "SIMULATED", seed=4)
    header = fits.Header.fromstring(hdu.header.tostring())
    assert header["SIMULATE"] is True
    assert "SIMULATED" in str(header["COMMENT"])
    assert (header["FILTER"], header["BUNIT"]) == ("F814W", "ELECTRONS/S")
    assert wcs.all_pix2world([[51.0, 41.0]], 1)[0] == pytest.approx([65.0, -54.9])
    assert proj_plane_pixel_scales(wcs) * 3600.0 == pytest.approx([0.0396, 0.0396])


def test_it_reads_zero_points(tmp_path: Path) -> None:
    path = tmp_path / "header_info.txt"
    lines = [
        f"{z.filter} UVIS {z.photflam} {z.photplam} 1e-6 25.0 {z.vega} {z.exptime} 3 2013-09-03"
        for z in WFC3_UVIS.values()
    ]
    path.write_text("\n".join(["#filter detector …", *lines]), encoding="utf-8")
    assert read_zero_points(path) == dict(WFC3_UVIS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("F555W UVIS 1", "line 1"), ("F999X UVIS 1 2 3 4 5 6 7 8", "line 1"), ("", "NUV, U, B")],
)
def test_it_rejects_an_invalid_table_of_zero_points(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "header_info.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read_zero_points(path)


@pytest.mark.filterwarnings("ignore:File may have been truncated")
def test_it_rejects_a_psf_that_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "wfc3_uvis_f275w.fits"
    fits.PrimaryHDU(np.ones((99, 99), np.float32)).writeto(path)
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(ValueError, match=r"wfc3_uvis_f275w\.fits: cut short"):
        read_psfs(tmp_path)


def test_it_names_a_missing_psf(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"wfc3_uvis_f275w\.fits: no PSF for band NUV"):
        read_psfs(tmp_path)
