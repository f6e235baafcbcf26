"""On Classify nothing moves under the pointer, and the answers stay in sight."""

import pytest
from playwright.sync_api import expect

from tests.browser.classify_page import VOTES, outbox_shows, painted
from tests.browser.pages import OVERFLOW

pytestmark = pytest.mark.beside("sqlite")

SCREENS = {
    "laptop": (1366, 768),
    "tablet": (1180, 820),
    "small tablet": (1024, 768),
    "upright tablet": (820, 1180),
    "phone": (390, 844),
    "small phone": (360, 640),
}
PLACES = """() => Object.fromEntries(
    [...document.querySelectorAll(".filter-strip canvas, #outbox, .answer, [data-action=undo]")]
        .map((e, i) => [`${i} ${e.id || e.className}`, e.getBoundingClientRect().toJSON()])
)"""
"""Boxes of the stamps, of the state of the outbox, of the answers and of Undo."""


def cast(page, votes):
    """Cast some votes by key, the last one shown as saved."""
    candidate = ""
    for turn in range(votes):
        candidate = painted(page, other_than=candidate)
        page.keyboard.press(str(1 + turn % 4))
    painted(page, other_than=candidate)
    outbox_shows(page, "saved")


def test_nothing_moves_under_the_pointer_after_many_votes(open_as):
    page = open_as("cy")
    page.goto("/classify/")
    cast(page, 12)
    before = page.evaluate(PLACES)
    assert all(box["right"] <= 1366 and box["bottom"] <= 768 for box in before.values()), before
    for canvas in page.locator(".filter-strip canvas").all():
        canvas.hover(position={"x": 20, "y": 30})
        assert page.evaluate(PLACES) == before
    page.keyboard.press("p")
    expect(page.locator("#note")).to_contain_text("Your earlier vote")
    painted(page)
    assert page.evaluate(PLACES) == before
    assert not page.evaluate(OVERFLOW)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_answers_are_always_on_the_screen(open_as, screen):
    page = open_as("cy")
    width, height = SCREENS[screen]
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/classify/")
    painted(page)
    assert not page.evaluate(OVERFLOW)
    for answer in page.locator("#viewer .answer").all():
        expect(answer).to_be_in_viewport(ratio=1)
    page.locator("#examine").scroll_into_view_if_needed()
    for answer in page.locator("#viewer .answer").all():
        expect(answer).to_be_in_viewport(ratio=1)


def test_a_tap_votes_possible(browser, site):
    tablet = browser.new_context(
        base_url=site.url, viewport={"width": 1180, "height": 820}, has_touch=True, is_mobile=True
    )
    page = tablet.new_page()
    page.goto("/login/")
    page.get_by_label("Username").fill("cy")
    page.get_by_label("Password").fill(site.password_of("cy"))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/classify/")
    first = painted(page)
    page.get_by_role("button", name="Possible", exact=True).tap()
    with page.expect_request(VOTES) as request:
        page.locator("[data-action='vote-2']").tap()
    sent = request.value.post_data_json
    assert (sent["candidate"], sent["label"], sent["certainty"]) == (int(first), 2, "possible")
    painted(page, other_than=first)
    expect(page.get_by_role("button", name="Possible", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )
    tablet.close()
