"""Helpers of the tests of the classify page."""

import re

from playwright.sync_api import Page, expect

VOTES = re.compile(r"/api/v1/votes/")
QUEUE = re.compile(r"/api/v1/queue/")
STAMPS = re.compile(r"stamps\.npy")
RGB = re.compile(r"rgb\.png")
FETCHED = """count => ["stamps.npy", "rgb.png"].every(
    name => performance.getEntriesByType("resource").filter(
        entry => entry.name.includes(name) && entry.responseEnd > 0
    ).length >= count
)"""
"""True if the images of this many candidates have been fetched."""


def painted(page: Page, other_than: str | None = None) -> str:
    """Wait until another candidate's stamps are on the screen; return its id."""
    page.wait_for_function(
        "old => ![undefined, old].includes(document.documentElement.dataset.painted)",
        arg=other_than or "",
    )
    page.wait_for_timeout(60)  # an earlier key counts as a bounce of the last one
    return page.evaluate("document.documentElement.dataset.painted")


def outbox_shows(page: Page, text: str) -> None:
    """Wait until the status of the outbox has this text."""
    expect(page.locator("#outbox")).to_have_text(text)


def saved_votes(page: Page) -> int:
    """Return the server's count of this expert's votes that are not retracted."""
    return page.request.get("/api/v1/progress/").json()["voted"]


def set_preferences(page: Page, **sections: object) -> None:
    """Replace sections of this person's settings."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    (token,) = [value for name, value in cookies.items() if name.startswith("csrftoken_")]
    headers = {"X-CSRFToken": token}
    answer = page.request.patch("/api/v1/preferences/", data=sections, headers=headers)
    assert answer.ok, answer.text()
