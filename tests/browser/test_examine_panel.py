"""The examine panel in a real Chromium: its template, style sheet and modules, without a site."""

from mimetypes import guess_type
from pathlib import Path

import numpy as np
import pytest

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
PANEL = FRONTEND / "templates/frontend/_examine.html"
PAGE = """<!doctype html><html lang="en-GB" data-theme="dark"><head><title>Examine</title>
<link rel="stylesheet" href="/static/frontend/css/asterism.css">
<link rel="stylesheet" href="/static/frontend/css/examine.css">
<script type="module" src="/panel.js"></script></head><body>{}</body></html>"""
SCRIPT = """
import { ExaminePanel } from "/static/frontend/js/examine/panel.js";
import { PLOT_NAMES } from "/static/frontend/js/examine/plot-kinds.js";

const root = document.querySelector(".examine");
root.style.width = "330px";
root.style.height = "350px";
const star = (name, fwhm, extra) => ({
  name, unit: "ELECTRONS/S", side: 100, x: 50, y: 50, xPix: 151, yPix: 251, sky: "",
  arcsecPerPx: 0.04, starFwhm: 2, zeroPoint: { system: "Vega", mag: 25.83 },
  electronsPerUnit: 1143,
  plane: Float32Array.from({ length: 10000 }, (_, i) => 1 + 50 * 2 ** (
    -4 * (((i % 100) - 50) ** 2 + (Math.floor(i / 100) - 50) ** 2) / fwhm ** 2
  )), ...extra,
});
const panel = new ExaminePanel(root);
const inked = () => {
  const canvas = root.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, i) => i % 4 === 3 && value > 0).length;
};
Object.assign(window, { kinds: Object.keys(PLOT_NAMES), star, panel, inked });
"""


def answer(route):
    """The page, or a file of the front end."""
    path = route.request.url.removeprefix("http://panel.test")
    if path == "/":
        route.fulfill(body=PAGE.format(PANEL.read_text()), content_type="text/html; charset=utf-8")
    elif path == "/panel.js":
        route.fulfill(body=SCRIPT, content_type="text/javascript")
    elif (FRONTEND / path[1:]).is_file():
        route.fulfill(path=FRONTEND / path[1:], content_type=guess_type(path)[0])
    else:
        route.fulfill(status=204)


@pytest.fixture(scope="module")
def page(browser):
    """A page with nothing but the panel, 330 x 350 CSS px; script errors fail the module."""
    errors = []
    page = browser.new_page(device_scale_factor=2)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("http://panel.test/**", answer)
    page.goto("http://panel.test/")
    page.wait_for_function("() => window.panel")
    yield page
    page.close()
    assert errors == []


def test_every_kind_of_plot_fits_and_has_its_numbers(page):
    for kind in page.evaluate("kinds"):
        page.evaluate("kind => panel.show(kind, star('V F555W', 2.5))", kind)
        assert page.evaluate("inked()") > 1000, kind
        assert page.locator("dd").count() >= 3
        label = page.locator("canvas").get_attribute("aria-label")
        assert page.locator("dd").first.inner_text() in label
        assert page.evaluate("document.querySelector('.examine').scrollHeight") <= 350


def test_the_contours_fill_the_width_with_equal_units_on_both_axes(page):
    page.evaluate("panel.show('contour', star('V F555W', 12))")
    width, height, *ink = page.evaluate(
        """(() => {
            const canvas = document.querySelector(".examine canvas");
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return [width, height, ...data.filter((value, i) => i % 4 === 3)];
        })()"""
    )
    drawn = np.reshape(ink, (height, width)) > 0
    # The axis below the contours goes to the right edge of the canvas, less its margin of 10 px.
    axis = np.flatnonzero(drawn.sum(axis=1) > 0.5 * width)
    assert len(axis) > 0
    assert np.flatnonzero(drawn[axis[0]]).max() > width - 26
    # A round source has round contours: the outermost one is as wide as it is high.
    inside = drawn[: axis[0] - 2, 100 : width - 24]
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert np.ptp(columns) == pytest.approx(np.ptp(rows), rel=0.1)


def test_it_measures_the_width_of_the_drawn_source(page):
    page.evaluate("panel.show('radial', star('V F555W', 2.5))")
    assert page.locator(".examine-title").inner_text() == "Radial profile · V F555W"
    assert page.locator("dd").nth(1).inner_text() == "2.50 px, 0.100″"


def test_a_second_filter_is_plotted_over_the_first(page):
    page.evaluate("panel.show('radial', star('V F555W', 2.5))")
    page.evaluate("panel.show('radial', star('B F438W', 3), {over: true})")
    page.evaluate("panel.show('radial', star('I F814W', 4), {over: true})")
    assert page.locator(".examine-title").inner_text() == "Radial profile · V F555W and I F814W"
    assert page.locator("dd").all_inner_texts()[:2] == ["V F555W", "I F814W"]
    assert "2.50 px, 0.100″ against 4.00 px" in page.locator("canvas").get_attribute("aria-label")
    page.evaluate("panel.show('contour', star('I F814W', 4), {over: true})")
    assert page.locator(".examine-title").inner_text() == "Contour · I F814W"


def test_it_follows_resolution_size_and_theme(page):
    page.evaluate("panel.show('surface', star('V F555W', 2.5))")
    width = page.evaluate("document.querySelector('canvas').clientWidth")
    assert page.evaluate("document.querySelector('canvas').width") == 2 * width
    dark = page.evaluate("document.querySelector('canvas').toDataURL()")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_function(
        "dark => document.querySelector('canvas').toDataURL() !== dark", arg=dark
    )
    page.evaluate("document.querySelector('.examine').style.width = '500px'")
    page.wait_for_function("() => document.querySelector('canvas').width > 900")
    assert page.evaluate("inked()") > 1000


def test_it_explains_what_it_cannot_measure(page):
    page.evaluate("panel.show('radial', star('V F555W', 2, {plane: new Float32Array(1e4)}))")
    assert "No fit: nothing above the sky" in page.locator(".examine-notes").inner_text()
    page.evaluate("panel.clear()")
    assert page.locator("dd").count() == 0
    assert page.evaluate("inked()") == 0
