"""The peer: Label Studio's own label stream, from the key that submits to the next task painted.

It is measured where LABEL_STUDIO_PORT is that of one running on this machine, and
LABEL_STUDIO_LOGIN the "address password" of an account there. A project of short texts with four
classes is made for it: there is nothing to load but the task itself, and no picture to draw.
"""

import os
from dataclasses import dataclass
from typing import Any, Self

from playwright.sync_api import Page

CLASSES = "".join(f'<Choice value="{number}"/>' for number in "1234")
CONFIG = (
    f'<View><Text name="t" value="$text"/><Choices name="c" toName="t">{CLASSES}</Choices></View>'
)

WATCH = """(() => {
    let pressed = 0;
    let old = "";
    globalThis.waits = [];
    addEventListener("keydown", ({ key, timeStamp }) => {
        if (key === "Enter") pressed = timeStamp;
    }, { capture: true });
    new MutationObserver(() => {
        const shown = document.querySelector(".lsf-richtext__line")?.textContent ?? "";
        if (shown === "" || shown === old) return;
        const first = old === "";
        old = shown;
        globalThis.shown = shown;
        if (first) return;
        requestAnimationFrame(() => setTimeout(() => waits.push(performance.now() - pressed)));
    }).observe(document, { childList: true, subtree: true, characterData: true });
})();"""
"""Milliseconds from each submission to the next task's text, in `waits`."""


@dataclass(frozen=True)
class Peer:
    """A running Label Studio, and an account there."""

    port: int
    email: str
    password: str

    @classmethod
    def named(cls) -> Self | None:
        """The one that the environment names."""
        port = os.environ.get("LABEL_STUDIO_PORT")
        if not port:
            return None
        email, password = os.environ["LABEL_STUDIO_LOGIN"].split()
        return cls(int(port), email, password)

    def waits(self, page: Page, count: int) -> list[float]:
        """Milliseconds for each of `count` tasks of a new project."""
        page.goto("/user/login/")
        page.fill("input[name=email]", self.email)
        page.fill("input[name=password]", self.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        project = self._project(page, count + 1)
        page.goto(f"/projects/{project}/data?labeling=1")
        page.wait_for_function("() => globalThis.shown")
        page.wait_for_load_state("networkidle")
        for number in range(1, count + 1):
            page.keyboard.press("1234"[number % 4])
            page.keyboard.press("Control+Enter")
            page.wait_for_function("count => waits.length >= count", arg=number)
        return list(page.evaluate("waits"))

    def _project(self, page: Page, tasks: int) -> int:
        """The number of a new project with so many tasks."""
        project = self._post(page, "", {"title": "candidates", "label_config": CONFIG})["id"]
        texts = [{"text": f"candidate {number}"} for number in range(tasks)]
        self._post(page, f"{project}/import", texts)
        return int(project)

    @staticmethod
    def _post(page: Page, path: str, data: Any) -> Any:
        """The answer of its API."""
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        headers = {"X-CSRFToken": cookies["csrftoken"], "Referer": page.url}
        answer = page.request.post(f"/api/projects/{path}", data=data, headers=headers)
        assert answer.ok, answer.text()
        return answer.json()
