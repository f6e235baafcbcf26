"""GET /api/v1/candidates/{id}/rgb.png"""

import io
import math
from http import HTTPStatus

import pytest
from PIL import Image

from tests.labeling.world import API, problem


def url(candidate):
    return f"{API}/candidates/{candidate.pk}/rgb.png"


def picture(response):
    assert response.status_code == HTTPStatus.OK
    assert response.headers["Content-Type"] == "image/png"
    return Image.open(io.BytesIO(response.getvalue()))


@pytest.mark.parametrize(("asked", "side"), [({}, 299), ({"size": 299}, 299), ({"size": 50}, 50)])
@pytest.mark.parametrize("number", [1, 4])
def test_it_draws_both_sizes_wherever_the_candidate_lies(as_ada, imported, asked, side, number):
    candidate = imported.candidates.get(catalogue_number=number)
    image = picture(as_ada.get(url(candidate), asked))
    assert (image.size, image.mode) == ((side, side), "RGB")


def test_beyond_the_frame_it_is_black(as_ada, imported):
    # Candidate 4 lies 3 px from the left and 6 px from the lower edge.
    image = picture(as_ada.get(url(imported.candidates.get(catalogue_number=4))))
    assert image.getpixel((10, 288)) == (0, 0, 0)
    assert image.getpixel((160, 100)) != (0, 0, 0)


def test_it_is_drawn_once(as_ada, imported, settings):
    candidate = imported.candidates.first()
    first = as_ada.get(url(candidate)).getvalue()
    drawn = {path: path.stat().st_mtime_ns for path in settings.RGB_CACHE.rglob("*.png")}
    assert as_ada.get(url(candidate)).getvalue() == first
    assert {path: path.stat().st_mtime_ns for path in drawn} == drawn


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


def test_a_mosaic_that_has_gone_is_a_problem_that_names_it(as_ada, imported, tmp_path):
    imported.mosaics.filter(band="V").update(path=str(tmp_path / "gone.fits"))
    refused = problem(as_ada.get(url(imported.candidates.first())), HTTPStatus.SERVICE_UNAVAILABLE)
    assert "gone.fits" in refused["detail"]
