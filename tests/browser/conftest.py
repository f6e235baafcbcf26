"""A real Chromium on a real `manage.py serve`.

`page` is a window at 1366 x 768 without a visitor; `open_as("ada")` gives one that has logged in.
A script error or a refused resource on any page fails the test that saw it.
"""

import json
import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.classify_page import painted, set_preferences
from tests.services import chromium
from tests.services.missing import Unavailable, cannot_run
from tests.services.site import Site

# Playwright runs an event loop in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

SMALLEST_SCREEN = {"width": 1366, "height": 768}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole session."""
    with sync_playwright() as playwright:
        try:
            program = chromium.executable(playwright)
        except Unavailable as reason:
            cannot_run(reason)
        browser = playwright.chromium.launch(executable_path=program, args=chromium.flags())
        yield browser
        browser.close()


@pytest.fixture
def allowed_errors() -> list[str]:
    """Parts of console errors that a test causes on purpose: append to it."""
    return []


@pytest.fixture
def site(live_site: Site) -> Site:
    """The site that the windows open; a module can replace it by its own."""
    return live_site


@pytest.fixture
def new_page(
    browser: Browser, site: Site, allowed_errors: list[str]
) -> Iterator[Callable[[], Page]]:
    """Return a function that opens a separate window; its errors fail the test."""
    errors: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    def make() -> Page:
        context = browser.new_context(base_url=site.url, viewport=SMALLEST_SCREEN)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    unexpected = [e for e in errors if not any(part in e for part in allowed_errors)]
    assert not unexpected, "\n".join(unexpected)


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    """A window in which nobody has logged in."""
    return new_page()


@pytest.fixture
def open_as(new_page: Callable[[], Page], site: Site) -> Callable[[str], Page]:
    """A window in which one of the demonstration's accounts has logged in.

    With the settings that everybody starts with, unless those of other tests are to be kept.
    """

    def log_in(name: str, *, keep: bool = False) -> Page:
        page = new_page()
        page.goto("/login/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(site.password_of(name))
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login/" not in url)
        if not keep:
            set_preferences(page, display={}, keys={}, theme="dark")
        return page

    return log_in


@pytest.fixture
def ada(open_as: Callable[[str], Page]) -> Page:
    """ada's classify page with its first candidate painted."""
    page = open_as("ada")
    page.goto("/classify/")
    painted(page)
    return page


@pytest.fixture(scope="module")
def lived_in(live_site):
    """The primary keys of the content of a site in use."""

    def run(command):
        return live_site.manage("shell", "-v0", "-c", command)

    told = run(
        "import json; from tests.browser.lived_in import furnish; print(json.dumps(furnish()))"
    )
    numbers = json.loads(told.splitlines()[-1])
    yield numbers
    arguments = {name: numbers[name] for name in ("ready", "running", "comparing")}
    run(f"from tests.browser.lived_in import leave; leave(**{arguments})")
