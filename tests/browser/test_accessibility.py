"""Every page fits its screen, and passes axe-core for WCAG 2.2 AA, dark and light."""

from collections import defaultdict

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from frontend.urls import urlpatterns
from tests.browser.classify_page import outbox_shows, painted
from tests.browser.pages import OVERFLOW, PAGES
from tests.services.missing import cannot_run
from tests.services.site import ROOT

pytestmark = pytest.mark.beside("sqlite")

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("dark", "light")
SCREENS = ({"width": 1366, "height": 768}, {"width": 800, "height": 1280})
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
    # By itself axe lets pass what is written in one character or in symbols.
    "checks": {"color-contrast": {"options": {"ignoreLength": True, "ignoreUnicode": False}}},
}
RUN = """async options => {
    const { violations, passes } = await axe.run(document, options);
    const rules = [...violations, ...passes].map(rule => rule.id);
    return { rules, faults: violations.flatMap(({ id, nodes }) => nodes.map(node =>
        `${id} at ${node.target.join(" ")}: ${node.failureSummary.replace(/\\s+/g, " ")}`)) };
}"""
SETTLED = "() => !document.querySelector('[aria-busy=true]')"
ALWAYS_SAYS = {"color-contrast", "target-size"}

WIDTHS = (360, 390, 768, 820, 1024, 1180, 1366, 1920, 3840)
ELSEWHERE = {"classify"}
NO_PAGES = {"logout", "comment", "whoami", "adjudicate", "withdraw-ruling"}
NO_PAGES |= {"run-applications", "application-verb"}
NO_PAGES |= {"run-verb", "experiment-verb", "import-verb", "remove-import"}
FILES = {"run-figure", "run-training-set", "experiment-figure", "experiment-training-set"}
FILES |= {"import-picture"}


def prepare(page):
    """Load axe into the page, past its content security policy, and switch transitions off."""
    if not AXE.exists():
        cannot_run("axe-core is not installed; `make test` does it, or `npm ci`")
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(AXE.read_text(encoding="utf-8"))


def faults(page, what):
    """Return sentences with page, rule, element, themes and screens of each violation."""
    found = defaultdict(list)
    for screen in SCREENS:
        page.set_viewport_size(screen)
        for theme in THEMES:
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            answer = page.evaluate(RUN, OPTIONS)
            assert set(answer["rules"]) >= ALWAYS_SAYS
            for fault in answer["faults"]:
                found[fault].append(f"{theme} {screen['width']} px")
    return [f"{what}: {fault} ({', '.join(where)})" for fault, where in found.items()]


def test_every_page_is_tested():
    assert {p.name for p in urlpatterns} == PAGES.keys() | ELSEWHERE | NO_PAGES | FILES


@pytest.mark.parametrize("person", ["", "ada", "cur", "admin"])
def test_the_pages_of_a_role_are_accessible(person, new_page, open_as, lived_in):
    page, found = open_as(person) if person else new_page(), []
    for name, visits in PAGES.items():
        for visitor, needs in visits:
            if visitor == person:
                known = {key: lived_in.get(value, value) for key, value in needs.items()}
                assert page.goto(reverse(name, kwargs=known)).ok
                page.wait_for_function(SETTLED)
                prepare(page)
                found += faults(page, page.url)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("person", ["ada", "cur", "admin"])
def test_no_page_is_wider_than_the_screen(person, open_as, lived_in):
    page, faults = open_as(person), []
    for name, visits in PAGES.items():
        for visitor, needs in visits:
            if visitor != person:
                continue
            page.goto(reverse(name, kwargs={key: lived_in.get(v, v) for key, v in needs.items()}))
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                if wide := page.evaluate(OVERFLOW):
                    faults.append(f"{page.url} at {width} px: {', '.join(wide)}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("address", "status"), [("/exports/", "403"), ("/nowhere/", "404")])
def test_an_error_page_is_accessible(address, status, open_as, allowed_errors):
    allowed_errors.append(status)
    page = open_as("ada")
    page.goto(address)
    prepare(page)
    found = faults(page, status)
    assert not found, "\n".join(found)


@pytest.fixture
def bea(open_as, lived_in):
    """The classify page with one vote cast."""
    page = open_as("bea")
    page.goto("/classify/")
    first = painted(page)
    page.keyboard.press("1")
    painted(page, other_than=first)
    outbox_shows(page, "saved")
    prepare(page)
    return page


def test_the_classify_page_and_its_dialogs_are_accessible(bea):
    found = faults(bea, "classify")
    for key, dialog in (
        ("?", "help"),
        ("d", "reasons"),
        ("q", "questions"),
        ("f", "flag"),
        ("v", "opinions"),
        ("g", "examples"),
    ):
        bea.keyboard.press(key)
        expect(bea.locator(f"#{dialog}")).to_be_visible()
        bea.wait_for_load_state("networkidle")
        found += faults(bea, dialog)
        bea.keyboard.press("Escape")
        expect(bea.locator(f"#{dialog}")).to_be_hidden()
    assert not found, "\n".join(found)


def test_the_classify_page_with_an_enlarged_filter_and_a_plot_is_accessible(bea):
    bea.keyboard.press("Enter")
    bea.keyboard.press("a")
    expect(bea.locator("#enlarged")).to_be_visible()
    found = faults(bea, "enlarged")
    assert not found, "\n".join(found)


def test_the_classify_page_with_errors_is_accessible(bea, allowed_errors):
    allowed_errors += ["401", "409"]
    bea.route("**/api/v1/votes/*/", lambda route: route.fulfill(status=409, json={"detail": "No."}))
    before = painted(bea)
    bea.keyboard.press("2")
    expect(bea.locator("#refused")).to_be_visible()
    bea.unroute_all()
    painted(bea, other_than=before)
    bea.context.clear_cookies()
    bea.keyboard.press("3")
    outbox_shows(bea, "log in to save (1)")
    found = faults(bea, "refused, log-in expired")
    bea.get_by_role("button", name="Log in as bea").click()
    found += faults(bea, "log-in")
    assert not found, "\n".join(found)
