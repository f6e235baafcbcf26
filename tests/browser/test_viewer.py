"""The viewer of the classify page on real FITS files: pixel positions and DS9's gestures."""

import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from playwright.sync_api import expect

from classifier.core.bands import FILTERS
from tests.browser.classify_page import QUEUE, VOTES, painted, set_preferences
from tests.labeling.skies import tan_wcs

pytestmark = pytest.mark.beside("sqlite")

SIDE = 1000
SIGMA = 1.5
POSITIONS = [
    (80 + 70 * column + 0.03 * (row - 6), 80 + 70 * row + 0.04 * (column - 6))
    for row in range(13)
    for column in range(13)
]
"""Centres of the drawn Gaussians, px from 0."""
HOLE = 15
"""Pixels to the right of each Gaussian where there is no data."""
HATCHING = {(58, 63, 71), (118, 126, 138)}


def draw(band):
    """A mosaic with the Gaussians and the holes, slightly noisy, (y, x)."""
    rng = np.random.default_rng(len(band))
    image = rng.normal(0, 0.01, (SIDE, SIDE))
    y, x = np.mgrid[-20:21, -20:21]
    for x0, y0 in POSITIONS:
        column, row = round(x0), round(y0)
        around = image[row - 20 : row + 21, column - 20 : column + 21]
        around += 10 * np.exp(-((x + column - x0) ** 2 + (y + row - y0) ** 2) / (2 * SIGMA**2))
        image[row - 3 : row + 4, column + HOLE : column + HOLE + 6] = np.nan
    return image.astype(np.float32)


@pytest.fixture(scope="module")
def odd(live_site, tmp_path_factory):
    """A field in four filters, turned by 30 degrees, with holes: `draw` by import_field."""
    folder = tmp_path_factory.mktemp("odd")
    mosaics = []
    for band in ("U", "B", "V", "I"):
        header = tan_wcs(crpix=(500, 500), rotation=30).to_header()
        header.update({"FILTER": FILTERS[band], "BUNIT": "ELECTRONS/S"})
        path = folder / f"{band}.fits"
        fits.PrimaryHDU(draw(band), header).writeto(path)
        mosaics += ["--mosaic", str(path)]
    rows = "".join(f"{i},{x + 1},{y + 1}\n" for i, (x, y) in enumerate(POSITIONS, 1))
    catalogue = folder / "odd.csv"
    catalogue.write_text(f"id,x,y\n{rows}")
    live_site.manage("import_field", "odd", "--galaxy", "Odd", "--distance", "10", *mosaics)
    live_site.manage("import_catalogue", "odd", str(catalogue))
    return folder


@pytest.fixture
def viewer(open_as, odd):
    """bea's classify page on that field; `page.item` is the queue's item of the candidate."""
    page = open_as("bea")
    set_preferences(page, display={"stretch": "Linear", "limits": "Min Max"}, keys={})
    with page.expect_response(QUEUE) as answer:
        page.goto("/classify/?field=odd")
    page.item = answer.value.json()[0]
    assert painted(page) == str(page.item["candidate"])
    yield page
    # Hands the leases back: the field would not do for all tests.
    page.goto("/guide/")
    page.wait_for_load_state("networkidle")


def canvas(page, band):
    """The stamp of a filter, 0 to 4."""
    return page.locator(".filter-strip canvas").nth(band)


def dots(page, band):
    """The stamp's dots on the screen, (y from above, x, RGB)."""
    return dots_of(canvas(page, band))


def dots_of(drawing):
    """The dots of a square canvas, (y from above, x, RGB)."""
    drawn = drawing.evaluate(
        """canvas => [canvas.width, ...canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data]"""
    )
    side = drawn[0]
    return np.array(drawn[1:], np.uint8).reshape(side, side, 4)[..., :3]


def at(page, band, x, y, span=50):
    """Client coordinates of an array pixel of the stamp, in the default view."""
    box = canvas(page, band).bounding_box()
    share_x = (x - 49.5) / span + 0.5
    share_y = 0.5 - (y - 49.5) / span
    return box["x"] + share_x * box["width"], box["y"] + share_y * box["height"]


def centroid(values, x, y, x0, y0):
    """Centre of light within 4.5 px of the nearest pixel."""
    near = (np.abs(x - round(x0)) < 4.5) & (np.abs(y - round(y0)) < 4.5)
    light = np.where(near, values, 0).astype(float)
    return (light * x).sum() / light.sum(), (light * y).sum() / light.sum()


@pytest.mark.parametrize("span", [50, 100])
def test_a_drawn_gaussian_is_at_its_position(viewer, span):
    if span == 100:
        viewer.keyboard.press("w")
        expect(viewer.locator("[data-action='view']")).to_have_text("100 px")
    position = viewer.item["stamp_x"], viewer.item["stamp_y"]
    grey = dots(viewer, 3)[..., 0]
    steps = (np.arange(len(grey)) + 0.5) / len(grey) - 0.5
    x, y = np.meshgrid(49.5 + span * steps, 49.5 - span * steps)
    on_screen = centroid(grey, x, y, *position)
    # The same box on the pixels themselves: neither noise nor the box's rim counts.
    rows, columns = np.mgrid[:100, :100]
    drawn = np.exp(-((columns - position[0]) ** 2 + (rows - position[1]) ** 2) / (2 * SIGMA**2))
    in_array = centroid(drawn, columns, rows, *position)
    assert np.hypot(*np.subtract(on_screen, in_array)) < 0.02
    assert np.hypot(*np.subtract(in_array, position)) < 0.02


def test_pixels_without_data_are_hatched_and_missing_filters_are_labelled(viewer):
    x0, y0 = (round(viewer.item[name]) for name in ("stamp_x", "stamp_y"))
    picture = dots(viewer, 3)
    box = canvas(viewer, 3).bounding_box()
    x, y = at(viewer, 3, x0 + HOLE + 3, y0)
    row, column = round(y - box["y"]), round(x - box["x"])
    hole = picture[row - 6 : row + 6, column - 6 : column + 6].reshape(-1, 3)
    assert not any(r == g == b for r, g, b in hole)
    assert HATCHING & {tuple(int(c) for c in colour) for colour in hole}
    notes = viewer.locator(".filter-strip .note")
    expect(notes.nth(0)).to_have_text("Not observed in NUV")
    expect(notes.nth(3)).to_be_hidden()


def test_the_colour_images_are_hatched_where_no_filter_has_data(viewer):
    viewer.wait_for_load_state("networkidle")
    x0, y0 = (round(viewer.item[name]) for name in ("stamp_x", "stamp_y"))
    picture = dots_of(viewer.locator("#rgb-centre"))
    scale = len(picture) / 50
    column, row = round((x0 + HOLE + 3 - 24.5) * scale), round((74.5 - y0) * scale)
    hole = picture[row - 6 : row + 6, column - 6 : column + 6].reshape(-1, 3)
    assert HATCHING & {tuple(int(c) for c in colour) for colour in hole}
    assert not (hole == 0).all(axis=1).any()
    surroundings = dots_of(viewer.locator("#rgb")).reshape(-1, 3)
    assert HATCHING & {tuple(int(c) for c in colour) for colour in surroundings}


@pytest.mark.parametrize(("key", "span"), [("", 50), ("zz", 25), ("w", 100)])
def test_the_crosshair_leaves_the_object_free_at_every_zoom(viewer, key, span):
    x0, y0 = (round(viewer.item[name]) for name in ("stamp_x", "stamp_y"))
    for letter in key:
        viewer.keyboard.press(letter)
    viewer.mouse.move(5, 5)
    plain = dots(viewer, 3).astype(int)
    viewer.mouse.move(*at(viewer, 3, x0, y0, span))
    changed = (dots(viewer, 3) != plain).any(axis=2)
    scale = len(plain) / span
    row, column = (round(len(plain) / 2 + d * scale) for d in (49.5 - y0, x0 - 49.5))
    free = round(4.5 * scale)
    near = changed[row - free : row + free, column - free : column + free]
    assert not near.any()
    assert changed[row].any()
    assert changed[:, column].any()
    viewer.keyboard.press("Shift+C")
    assert not (dots(viewer, 3) != plain).any()


def test_a_hidden_crosshair_stays_hidden(viewer, open_as):
    with viewer.expect_response(re.compile("/preferences/")):
        viewer.keyboard.press("Shift+C")
    stored = viewer.request.get("/api/v1/preferences/").json()
    assert stored["display"]["crosshair"] is False
    viewer.reload()
    painted(viewer)
    plain = dots(viewer, 3)
    viewer.mouse.move(*at(viewer, 3, 49.5, 49.5))
    expect(viewer.locator(".filter-strip .value").nth(3)).not_to_be_empty()
    assert (dots(viewer, 3) == plain).all()


def test_value_and_sky_under_the_pointer_are_those_of_the_file(viewer, odd):
    with fits.open(odd / "V.fits") as hdus:
        image, wcs = hdus[0].data, WCS(hdus[0].header)
    x, y = (round(viewer.item[name] - 1) for name in ("x_pix", "y_pix"))
    column, row = x - (viewer.item["x_pix"] - 1 - viewer.item["stamp_x"]), y
    row -= viewer.item["y_pix"] - 1 - viewer.item["stamp_y"]
    viewer.mouse.move(*at(viewer, 3, column, row))
    value = float(viewer.locator(".filter-strip .value").nth(3).text_content())
    assert value == pytest.approx(image[y, x], rel=1e-3)
    words = viewer.locator("#position").text_content()
    shown_x, shown_y = (float(word) for word in re.findall(r"[xy] (\d+\.\d)", words))
    assert (shown_x, shown_y) == pytest.approx((x + 1, y + 1), abs=0.11)
    seconds = float(re.search(r"h \d\dm (\d\d\.\d\d)s", words)[1])
    sky = wcs.pixel_to_world(x, y)
    # Half a pixel of the pointer, and the last digit: 0.02 arcsec in all.
    assert seconds == pytest.approx(sky.ra.hms.s, abs=0.006)


def display_of_vote(page, key="1"):
    """Vote and return the display settings in the request."""
    with page.expect_request(VOTES) as request:
        page.keyboard.press(key)
    return request.value.post_data_json["display"]


def test_dragging_with_the_right_button_sets_bias_and_contrast_as_ds9(viewer):
    box = canvas(viewer, 2).bounding_box()
    viewer.mouse.move(box["x"] + 100, box["y"] + 100)
    viewer.mouse.down(button="right")
    viewer.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.2 * box["height"])
    viewer.mouse.up(button="right")
    expect(viewer.get_by_role("button", name="Reset contrast")).to_be_visible()
    display = display_of_vote(viewer)
    assert display["bias"] == pytest.approx(0.25, abs=0.01)
    assert display["contrast"] == pytest.approx(2.0, abs=0.05)


def test_a_double_right_click_resets_them(viewer):
    x, y = at(viewer, 2, 40, 60)
    for _ in range(2):
        viewer.mouse.click(x, y, button="right", delay=20)
    display = display_of_vote(viewer)
    assert (display["contrast"], display["bias"]) == (1, 0.5)


def test_contrast_darkens_what_lies_below_the_bias(viewer):
    before = dots(viewer, 3)
    set_preferences(viewer, display={"limits": "Min Max", "stretch": "Linear", "contrast": 4})
    with viewer.expect_response(QUEUE) as answer:
        viewer.reload()
    painted(viewer)
    assert answer.value.ok
    assert (dots(viewer, 3) == 0).mean() > (before == 0).mean() + 0.3


def test_keys_and_wheel_zoom_about_the_pointer_and_zero_resets(viewer):
    viewer.mouse.move(*at(viewer, 3, 40, 60))
    position = viewer.locator("#position").text_content()
    viewer.keyboard.press("z")
    viewer.mouse.wheel(0, -100)
    assert viewer.locator("#position").text_content() == position
    viewer.mouse.move(*at(viewer, 3, 49.5, 49.5))
    assert display_of_vote(viewer)["zoom"] == pytest.approx(2**0.5 * 2**0.25, abs=0.01)
    viewer.keyboard.press("0")
    painted(viewer, other_than=str(viewer.item["candidate"]))
    assert display_of_vote(viewer, "2")["zoom"] == 1


@pytest.mark.parametrize(
    ("keys", "zoom"), [(["z"], 2**0.5), (["+", "+"], 2), (["Shift+Z"], 2**-0.5), (["-", "-"], 0.5)]
)
def test_each_key_of_the_zoom_is_half_a_factor_of_two(viewer, keys, zoom):
    for key in keys:
        viewer.keyboard.press(key)
    assert display_of_vote(viewer)["zoom"] == pytest.approx(zoom, abs=0.01)


def test_two_fingers_zoom_and_one_pans(viewer):
    touch = viewer.context.new_cdp_session(viewer)

    def fingers(kind, *positions):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(positions)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = at(viewer, 3, 49.5, 49.5)
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for spread in (40, 50, 60):
        fingers("touchMove", (x - spread, y), (x + spread, y))
    fingers("touchEnd")
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + 50, y))
    fingers("touchEnd")
    box = canvas(viewer, 3).bounding_box()
    viewer.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    # 50 of 250 dots at twice the scale; fingers come in whole dots.
    moved = viewer.item["x_pix"] - viewer.item["stamp_x"] + 49.5 - 25 * 50 / box["width"]
    shown = re.search(r"x (\d+\.\d)", viewer.locator("#position").text_content())[1]
    assert float(shown) == pytest.approx(moved, abs=0.5)
    assert display_of_vote(viewer)["zoom"] == pytest.approx(2, abs=0.05)


def test_the_middle_button_centres_and_pans(viewer):
    x, y = at(viewer, 3, 40, 60)
    viewer.mouse.click(x, y, button="middle")
    middle = at(viewer, 3, 49.5, 49.5)
    viewer.mouse.move(*middle)
    clicked = viewer.item["x_pix"] - viewer.item["stamp_x"] + 40
    expect(viewer.locator("#position")).to_contain_text(f"x {clicked:.1f}")
    viewer.mouse.down(button="middle")
    viewer.mouse.move(middle[0] + 50, middle[1])
    viewer.mouse.up(button="middle")
    viewer.mouse.move(middle[0] + 50, middle[1])
    expect(viewer.locator("#position")).to_contain_text(f"x {clicked:.1f}")


def test_blinking_shows_one_observed_filter_after_the_other_in_large(viewer):
    large = viewer.locator("#enlarged")
    seen = []
    for key in ("b", "b", "b", "b", "Shift+B"):
        viewer.keyboard.press(key)
        seen.append(large.locator(".band").text_content())
    assert seen == ["V", "I", "U", "B", "U"]
    viewer.keyboard.press("Escape")
    expect(large).to_be_hidden()


def test_tab_goes_through_the_filters_in_large(viewer):
    canvas(viewer, 1).focus()
    viewer.keyboard.press("Enter")
    band = viewer.locator("#enlarged .band")
    expect(band).to_have_text("U")
    viewer.keyboard.press("Tab")
    expect(band).to_have_text("B")
    viewer.keyboard.press("Shift+Tab")
    expect(band).to_have_text("U")


def test_an_unlinked_filter_has_a_stretch_of_its_own(viewer):
    before = dots(viewer, 1), dots(viewer, 3)
    viewer.get_by_role("button", name="Linked").click()
    canvas(viewer, 3).click(position={"x": 60, "y": 60})
    viewer.locator("#stretch").select_option("Log")
    viewer.mouse.move(5, 5)
    assert np.array_equal(dots(viewer, 1), before[0])
    assert not np.array_equal(dots(viewer, 3), before[1])
    canvas(viewer, 1).click(position={"x": 60, "y": 60})
    expect(viewer.locator("#stretch")).to_have_value("Linear")


def test_typed_limits_start_from_the_present_ones_and_are_checked(viewer):
    viewer.locator("#limits").select_option("User")
    low, high = viewer.get_by_label("Low limit"), viewer.get_by_label("High limit")
    assert float(high.input_value()) == pytest.approx(10, rel=0.05)
    high.fill("0.5")
    high.press("Enter")
    assert (dots(viewer, 3)[..., 0] == 255).mean() > 0.01
    low.fill("9")
    low.press("Enter")
    assert low.evaluate("field => field.validity.customError")


def test_display_settings_are_changed_by_key_and_stored(viewer, open_as):
    stretch, limits = viewer.locator("#stretch"), viewer.locator("#limits")
    for key, menu, value in (
        ("]", stretch, "Log"),
        ("[", stretch, "Linear"),
        ("[", stretch, "Histogram Equalization"),
        ("Backslash", limits, "ZScale"),
        ("Backslash", limits, "99.5 %"),
    ):
        viewer.keyboard.press(key)
        expect(menu).to_have_value(value)
    with viewer.expect_response(re.compile("/preferences/")):
        viewer.keyboard.press("i")
    elsewhere = open_as("bea", keep=True)
    elsewhere.goto("/classify/?field=odd")
    expect(elsewhere.locator("#stretch")).to_have_value("Histogram Equalization")
    expect(elsewhere.locator("[data-action='invert']")).to_have_attribute("aria-pressed", "true")


def test_the_sliders_load_another_colour_picture(viewer):
    with viewer.expect_response(re.compile(r"rgb\.png\?.*stretch=20&q=6")) as answer:
        viewer.locator("#lupton-stretch").press("ArrowRight")
    assert answer.value.ok


EXAMINED = {
    "r": "Radial profile",
    "e": "Contour",
    "s": "Surface",
    "h": "Histogram",
    "l": "Line",
    "c": "Column",
    "a": "Aperture photometry",
    "m": "Statistics",
    "x": "Coordinates and value",
}


def test_every_key_of_imexamine_opens_its_plot_of_the_filter_under_the_pointer(viewer):
    viewer.mouse.move(*at(viewer, 2, 49.5, 49.5))
    title = viewer.locator(".examine-title")
    for key, name in EXAMINED.items():
        viewer.keyboard.press(key)
        expect(title).to_have_text(f"{name} · B F438W")
    viewer.keyboard.press("Escape")
    expect(title).to_have_text("Radial profile · B F438W")


def test_the_radial_profile_measures_the_drawn_gaussian(viewer):
    viewer.keyboard.press("r")
    numbers = viewer.locator(".examine-numbers").inner_text()
    fwhm = float(re.search(r"FWHM Gauss\s+([\d.]+) px", numbers)[1])
    assert fwhm == pytest.approx(2.3548 * SIGMA, rel=0.01)


def test_two_filters_are_plotted_over_one_another(viewer):
    viewer.mouse.move(*at(viewer, 2, 49.5, 49.5))
    viewer.keyboard.press("l")
    viewer.keyboard.press("o")
    viewer.mouse.move(*at(viewer, 3, 49.5, 49.5))
    viewer.keyboard.press("l")
    expect(viewer.locator(".examine-title")).to_have_text("Line · B F438W and V F555W")


def test_it_saves_the_stamps_as_fits(viewer, tmp_path):
    with viewer.expect_download() as download:
        viewer.keyboard.press("t")
    path = tmp_path / "stamps.fits"
    download.value.save_as(path)
    with fits.open(path) as hdus:
        assert [hdu.name for hdu in hdus[1:]] == [FILTERS[band] for band in ("U", "B", "V", "I")]
