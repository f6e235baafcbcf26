"""What tests of the classify page wait for and ask."""

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
"""Whether the images of so many candidates are here."""


def painted(page: Page, other_than: str | None = None) -> str:
    """Wait until another candidate's stamps are on the screen; its id."""
    page.wait_for_function(
        "old => ![undefined, old].includes(document.documentElement.dataset.painted)",
        arg=other_than or "",
    )
    page.wait_for_timeout(60)  # a key that comes sooner is taken for a bounce of the one before
    return page.evaluate("document.documentElement.dataset.painted")


def says(page: Page, words: str) -> None:
    """Wait until the line of the outbox says so."""
    expect(page.locator("#outbox")).to_have_text(words)


def saved_votes(page: Page) -> int:
    """Votes of this expert that they have not taken back, as the server counts them."""
    return page.request.get("/api/v1/progress/").json()["voted"]


def set_preferences(page: Page, **sections: object) -> None:
    """Replace sections of this person's settings."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    headers = {"X-CSRFToken": cookies["csrftoken"]}
    answer = page.request.patch("/api/v1/preferences/", data=sections, headers=headers)
    assert answer.ok, answer.text()
