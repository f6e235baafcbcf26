"""GET /api/v1/candidates/{id}/rgb.png"""

import io
import math
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from labeling.imaging.rgb import STRETCHES
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.models import Candidate
from tests.labeling.skies import pixels, write_mosaic
from tests.labeling.world import API, problem

pytestmark = pytest.mark.beside("sqlite")


def url(candidate):
    return f"{API}/candidates/{candidate.pk}/rgb.png"


def picture(response):
    assert response.status_code == HTTPStatus.OK
    assert response.headers["Content-Type"] == "image/png"
    return Image.open(io.BytesIO(response.content))


@pytest.mark.parametrize(("asked", "side"), [({}, 299), ({"size": 299}, 299), ({"size": 50}, 50)])
@pytest.mark.parametrize("number", [1, 4])
def test_it_draws_both_sizes_at_any_position(as_ada, imported, asked, side, number):
    candidate = imported.candidates.get(catalogue_number=number)
    image = picture(as_ada.get(url(candidate), asked))
    assert image.size == (side, side)


def test_pixels_beyond_the_frame_are_transparent(as_ada, imported):
    # Candidate 4 lies 3 px from the left and 6 px from the lower edge.
    image = picture(as_ada.get(url(imported.candidates.get(catalogue_number=4))))
    assert image.getpixel((10, 288)) == (0, 0, 0, 0)
    assert image.getpixel((160, 100))[3] == 255


def test_a_picture_is_drawn_once(as_ada, imported, settings):
    candidate = imported.candidates.first()
    first = as_ada.get(url(candidate)).content
    drawn = {path: path.stat().st_mtime_ns for path in settings.RGB_CACHE.rglob("*.png")}
    assert as_ada.get(url(candidate)).content == first
    assert {path: path.stat().st_mtime_ns for path in drawn} == drawn


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2]])
def test_a_cached_file_that_lost_its_end_is_drawn_again(as_ada, imported, settings, damage):
    candidate = imported.candidates.first()
    whole = as_ada.get(url(candidate)).content
    for path in settings.RGB_CACHE.rglob("*.png"):
        path.write_bytes(damage(path.read_bytes()))
    assert as_ada.get(url(candidate)).content == whole
    assert whole in [path.read_bytes() for path in settings.RGB_CACHE.rglob("*.png")]


def test_it_is_drawn_where_it_cannot_be_kept(as_ada, imported, settings):
    (settings.RGB_CACHE / imported.name).write_text("a file where the folder would be")
    assert as_ada.get(url(imported.candidates.first())).status_code == HTTPStatus.OK


def test_the_centre_is_the_middle_of_its_surroundings(as_ada, imported):
    candidate = imported.candidates.get(catalogue_number=2)
    context, centre = (picture(as_ada.get(url(candidate), {"size": size})) for size in (299, 50))
    # Windows of 299 and 50 px about the same position, rounded as astropy's Cutout2D does.
    left, bottom = (math.ceil(p - 25) - math.ceil(p - 149.5) for p in (candidate.x, candidate.y))
    top = 299 - bottom - 50
    assert context.crop((left, top, left + 50, top + 50)).tobytes() == centre.tobytes()


@pytest.mark.parametrize("size", ["100", "0", "big", "-1", "299.0"])
def test_it_rejects_other_sizes(as_ada, imported, size):
    candidate = imported.candidates.first()
    problem(as_ada.get(url(candidate), {"size": size}), HTTPStatus.BAD_REQUEST)


def test_the_error_for_a_missing_mosaic_names_it(as_ada, imported, tmp_path):
    imported.mosaics.filter(band="V").update(path=str(tmp_path / "gone.fits"))
    refused = problem(as_ada.get(url(imported.candidates.first())), HTTPStatus.SERVICE_UNAVAILABLE)
    assert "gone.fits" in refused["detail"]


def without_card(data, keyword):
    start = data.index(keyword.encode().ljust(8))
    return data[:start] + b" " * 80 + data[start + 80 :]


def fits_file(*hdus):
    file = io.BytesIO()
    fits.HDUList([*hdus]).writeto(file)
    return file.getvalue()


DAMAGED = {
    "empty": lambda data: b"",
    "cut in the header": lambda data: data[:100],
    "cut in the pixels": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "no width": lambda data: without_card(data, "NAXIS1"),
    "width without a value": lambda data: data.replace(b"NAXIS1  =", b"NAXIS1   ", 1),
    "no image": lambda data: fits_file(fits.PrimaryHDU(), fits.BinTableHDU()),
    "too small": lambda data: fits_file(fits.PrimaryHDU(np.zeros((5, 5), np.float32))),
    "a cube": lambda data: fits_file(fits.PrimaryHDU(np.zeros((2, 300, 300), np.float32))),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_mosaic_is_a_problem_that_names_it(as_ada, imported, tmp_path, damage):
    mosaic = imported.mosaics.get(band="V")
    damaged = tmp_path / "damaged.fits"
    damaged.write_bytes(damage(Path(mosaic.path).read_bytes()))
    imported.mosaics.filter(band="V").update(path=str(damaged))
    candidate = imported.candidates.first()
    refused = problem(as_ada.get(url(candidate)), HTTPStatus.SERVICE_UNAVAILABLE)
    assert "damaged.fits: " in refused["detail"]
    assert as_ada.get(f"{API}/candidates/{candidate.pk}/").status_code == HTTPStatus.OK


def reimport_upside_down(folder):
    """The V mosaic comes again, with its rows in the other order."""
    moved = write_mosaic(folder / "V.fits", "V", pixels("V")[::-1].copy())
    import_field("ngc1566", [MosaicRequest(moved)])


def version_of(client, candidate):
    """The address that the candidate's own description gives."""
    return client.get(f"{API}/candidates/{candidate.pk}/").json()["rgb_url"]


@pytest.mark.parametrize(
    "asked", [{"stretch": step} for step in (1.5, "20", "100.0")] + [{"q": 15}]
)
def test_each_step_of_the_scale_gives_another_picture(as_ada, imported, asked):
    candidate = imported.candidates.first()
    usual, other = (picture(as_ada.get(url(candidate), words)) for words in ({}, asked))
    assert other.size == usual.size
    assert other.tobytes() != usual.tobytes()


def test_the_default_scale_may_be_given(as_ada, imported):
    candidate = imported.candidates.first()
    unsaid, said = (
        as_ada.get(url(candidate), words) for words in ({}, {"stretch": 12, "q": "6.0"})
    )
    assert unsaid.content == said.content


def test_the_cache_does_not_grow_with_the_requested_scales(as_ada, imported, settings):
    candidate = imported.candidates.first()
    for stretch in STRETCHES:
        for size in (299, 50):
            picture(as_ada.get(url(candidate), {"size": size, "stretch": stretch, "q": 8}))
    assert list(settings.RGB_CACHE.rglob("*.png")) == []
    picture(as_ada.get(url(candidate)))
    assert len(list(settings.RGB_CACHE.rglob("*.png"))) == 2


def test_a_brighter_stretch_shows_fainter_light(as_ada, imported):
    candidate = imported.candidates.first()
    means = [
        np.asarray(picture(as_ada.get(url(candidate), {"stretch": stretch}))).mean()
        for stretch in (7, 12, 20)
    ]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"stretch": 13}, "1.5, 2.5, 4, 7, 12, 20, 35, 60, 100, not 13."),
        ({"q": 0}, "0.5, 1, 2, 4, 6, 8, 11, 15, not 0."),
        ({"q": "much"}, "number"),
        ({"stretch": "nan"}, "valid number"),
        ({"stretch": "inf"}, "valid number"),
    ],
)
def test_it_rejects_other_scales_and_lists_the_allowed_ones(as_ada, imported, asked, said):
    refused = problem(as_ada.get(url(imported.candidates.first()), asked), HTTPStatus.BAD_REQUEST)
    assert said in refused["detail"]
    assert list(refused["errors"]) == list(asked)


def test_its_versioned_address_is_immutable_and_changes_with_the_pixels(
    as_ada, imported, sky, tmp_path
):
    candidate = imported.candidates.first()
    before = version_of(as_ada, candidate)
    assert "immutable" in as_ada.get(before).headers["Cache-Control"]
    assert "immutable" in as_ada.get(before + "&stretch=4").headers["Cache-Control"]
    assert as_ada.get(url(candidate)).headers["Cache-Control"] == "private, no-cache"
    sky.field()
    assert version_of(as_ada, candidate) == before
    reimport_upside_down(tmp_path)
    after = version_of(as_ada, candidate)
    assert after != before
    assert as_ada.get(before).headers["Cache-Control"] == "private, no-cache"
    assert "immutable" in as_ada.get(after).headers["Cache-Control"]


def test_a_picture_is_drawn_again_after_an_import(as_ada, imported, tmp_path):
    candidate = imported.candidates.get(catalogue_number=1)
    old = as_ada.get(url(candidate))
    reimport_upside_down(tmp_path)
    again = as_ada.get(url(candidate), headers={"If-None-Match": old.headers["ETag"]})
    assert picture(again).tobytes() != picture(old).tobytes()


def test_a_cached_picture_is_used_for_its_position_only(as_ada, imported):
    # As when a database is made anew beside the pictures of the last one.
    one, other = imported.candidates.filter(catalogue_number__in=(1, 2))
    first = as_ada.get(url(one)).content
    Candidate.objects.filter(pk=one.pk).update(x=other.x, y=other.y)
    assert as_ada.get(url(one)).content == as_ada.get(url(other)).content != first


@pytest.mark.parametrize("asked", [{}, {"size": 50}, {"stretch": 20}])
def test_a_picture_that_the_browser_has_is_not_sent_again(as_ada, imported, asked):
    address = url(imported.candidates.first())
    etag = as_ada.get(address, asked).headers["ETag"]
    again = as_ada.get(address, asked, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b"")
    assert again.headers["ETag"] == etag
    other = as_ada.get(address, asked | {"q": 2}, headers={"If-None-Match": etag})
    assert other.status_code == HTTPStatus.OK


@pytest.mark.parametrize("gone", [("B",), ("NUV", "U")])
def test_without_a_band_it_is_drawn_from_the_others(as_ada, imported, gone):
    imported.mosaics.filter(band__in=gone).delete()
    middle = np.asarray(picture(as_ada.get(url(imported.candidates.first()))))[100:200, 100:200]
    dark = {("B",): [], ("NUV", "U"): [2]}[gone]
    assert [k for k in range(3) if middle[..., k].max() == 0] == dark


def test_drawing_needs_few_queries(as_ada, django_assert_max_num_queries, imported):
    address = url(imported.candidates.first())
    with django_assert_max_num_queries(6):
        as_ada.get(address)
