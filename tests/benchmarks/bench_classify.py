"""Key press to the next candidate painted, for 500 candidates of the demonstration.

Chromium asks a real server down a line on which every answer comes 300 ms late. The first votes
come four a second, as from a quick expert; the others as soon as the next candidate is painted,
which no line can keep up with. A wait begins with the time that the browser gives the key press,
and ends after the frame with the last stamp. The reference is the goal.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import label_studio
import numpy as np
from label_studio import Peer
from playwright.sync_api import Page, sync_playwright
from report import record
from slow_line import slow_line

from tests.services import chromium
from tests.services.site import Site

LATE_S = 0.3
LATE = f"every answer {1000 * LATE_S:.0f} ms late"
STEADY, HURRIED, PEER_TASKS = 300, 200, 100
PACE_S = 0.25
# The page takes two presses within 40 ms for one.
BOUNCE_S = 0.045
VOTE_MS, PLOT_MS = 100, 50
PLOTS = "reshlcamx"
LOOKED_AT = 10

WATCH = """(() => {
    let pressed = 0;
    globalThis.waits = [];
    addEventListener("keydown", ({ timeStamp }) => { pressed = timeStamp; }, { capture: true });
    new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) {
            waits.push(startTime + duration - pressed);
        }
    }).observe({ entryTypes: ["measure"] });
})();"""
"""Milliseconds from each key that voted to the next candidate, in `waits`."""

PLOT = """key => new Promise((resolve) => {
    const start = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
})"""
"""Milliseconds from a key of the examine panel to the frame with its plot."""


def vote(page: Page, count: int, pace: float) -> list[float]:
    """Milliseconds for each of `count` votes, no two of them within `pace` seconds."""
    first: int = page.evaluate("waits.length")
    due = time.monotonic()
    for number in range(first + 1, first + count + 1):
        time.sleep(max(0, due - time.monotonic()))
        due = time.monotonic() + pace
        page.keyboard.press("1234"[number % 4])
        page.wait_for_function("count => waits.length >= count", arg=number)
    return list(page.evaluate("first => waits.slice(first)", first))


def plot(page: Page) -> list[float]:
    """Milliseconds for each plot of some candidates."""
    waits = []
    for _ in range(LOOKED_AT):
        waits += [page.evaluate(PLOT, key) for key in PLOTS]
        vote(page, 1, PACE_S)
    return waits


def tell(name: str, waits: list[float], goal: float) -> None:
    """Record the percentiles of these waits."""
    for percentile in (50, 95, 99):
        value = float(np.percentile(waits, percentile))
        record(f"{name}, p{percentile}", value, "ms", goal, file="classify")


def log_in(page: Page) -> None:
    """ada's classify page, with all that it fetches beforehand."""
    page.goto("/login/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("ada")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/classify/")
    page.wait_for_function("() => document.documentElement.dataset.painted")
    page.wait_for_load_state("networkidle")


def measure(page: Page) -> None:
    """Classify, look, classify in a hurry, and record it all."""
    log_in(page)
    tell(f"key press to next candidate, {LATE}, 4 votes/s", vote(page, STEADY, PACE_S), VOTE_MS)
    tell("key press to plot", plot(page), PLOT_MS)
    began = time.monotonic()
    tell(f"key press to next candidate, {LATE}, no pause", vote(page, HURRIED, BOUNCE_S), VOTE_MS)
    rate = HURRIED / (time.monotonic() - began)
    record(f"votes, {LATE}, no pause", rate, "1/s", 1 / PACE_S, file="classify")


@contextmanager
def window(port: int, watch: str) -> Iterator[Page]:
    """A page that watches, on the server of this port down the slow line."""
    with slow_line(port, LATE_S) as slow_port, sync_playwright() as playwright:
        program = chromium.executable(playwright)
        browser = playwright.chromium.launch(executable_path=program, args=chromium.flags())
        url = f"http://127.0.0.1:{slow_port}"
        page = browser.new_page(base_url=url, viewport={"width": 1366, "height": 768})
        page.add_init_script(watch)
        yield page
        browser.close()


def main() -> None:
    """Serve the demonstration, measure, and append the figures to `bench/classify.jsonl`."""
    if peer := Peer.named():
        with window(peer.port, label_studio.WATCH) as page:
            waits = peer.waits(page, PEER_TASKS)
        tell(f"Label Studio: submission to next task, {LATE}", waits, VOTE_MS)
    with tempfile.TemporaryDirectory() as home:
        site = Site(Path(home))
        try:
            site.wait()
            with window(site.port, WATCH) as page:
                measure(page)
        finally:
            site.stop()


if __name__ == "__main__":
    main()
