"""The peer: Label Studio, through its own label stream in a browser, and through HTTP.

It is measured where LABEL_STUDIO_PORT is that of one running on this machine, and
LABEL_STUDIO_LOGIN the "address password" of an administrator's account there; its CPU time too
where LABEL_STUDIO_PIDS are the root processes of its server and of its database. A project of
short texts with four classes is made for it: there is nothing to load but the task itself, and no
picture to draw.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from secrets import token_hex
from typing import Any, Self
from urllib.parse import urlencode

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


class Account:
    """Somebody's browser, as the server sees it: a session, and a line that is kept."""

    def __init__(self, port: int, entrance: str, email: str, password: str) -> None:
        """Come in by the page that logs in, or by an invitation, which signs up."""
        csrf = token_hex(16)
        self._line = HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = {"Cookie": f"csrftoken={csrf}", "X-CSRFToken": csrf}
        form = urlencode({"email": email, "password": password})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._line.request("POST", entrance, form, self._headers | kind)
        response = self._line.getresponse()
        response.read()
        session = re.search(r"sessionid=[^;]+", str(response.headers))
        assert session, f"{email} did not come in: {response.status}"
        self._headers["Cookie"] += f"; {session[0]}"
        self._headers["Content-Type"] = "application/json"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the API."""
        content = None if body is None else json.dumps(body)
        self._line.request(method, f"/api/{path}", content, self._headers)
        response = self._line.getresponse()
        answer = response.read()
        assert response.status in {HTTPStatus.OK, HTTPStatus.CREATED}, answer[:500]
        return json.loads(answer)

    def vote(self, project: int, count: int) -> None:
        """Ask for the next task and annotate it, again and again, without a pause."""
        for number in range(count):
            task = self.ask("GET", f"projects/{project}/next")["id"]
            choice = {"choices": ["1234"[number % 4]]}
            result = {"from_name": "c", "to_name": "t", "type": "choices", "value": choice}
            body = {"result": [result], "lead_time": 1.0, "project": project}
            self.ask("POST", f"tasks/{task}/annotations/?project={project}", body)


@dataclass(frozen=True)
class Peer:
    """A running Label Studio, an administrator's account there, and its root processes."""

    port: int
    email: str
    password: str
    pids: tuple[int, ...] = ()

    @classmethod
    def named(cls) -> Self | None:
        """The one that the environment names."""
        port = os.environ.get("LABEL_STUDIO_PORT")
        if not port:
            return None
        email, password = os.environ["LABEL_STUDIO_LOGIN"].split()
        pids = os.environ.get("LABEL_STUDIO_PIDS", "").split()
        return cls(int(port), email, password, tuple(map(int, pids)))

    def waits(self, page: Page, count: int) -> list[float]:
        """Milliseconds for each of `count` tasks of a new project."""
        project = self.project(count + 1)
        page.goto("/user/login/")
        page.fill("input[name=email]", self.email)
        page.fill("input[name=password]", self.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(f"/projects/{project}/data?labeling=1")
        page.wait_for_function("() => globalThis.shown")
        page.wait_for_load_state("networkidle")
        for number in range(1, count + 1):
            page.keyboard.press("1234"[number % 4])
            page.keyboard.press("Control+Enter")
            page.wait_for_function("count => waits.length >= count", arg=number)
        return list(page.evaluate("waits"))

    def project(self, tasks: int, votes_needed: int = 1) -> int:
        """The number of a new project with so many tasks."""
        administrator = self._administrator()
        rules = {"label_config": CONFIG, "maximum_annotations": votes_needed}
        project = administrator.ask("POST", "projects/", {"title": "candidates", **rules})["id"]
        texts = [{"text": f"candidate {number}"} for number in range(tasks)]
        administrator.ask("POST", f"projects/{project}/import", texts)
        return int(project)

    def crowd(self, size: int) -> list[Account]:
        """New accounts, who come by its invitation."""
        invitation = self._administrator().ask("GET", "invite")["invite_url"]
        emails = [f"{token_hex(8)}@example.org" for _ in range(size)]
        return [Account(self.port, invitation, email, token_hex(16)) for email in emails]

    def _administrator(self) -> Account:
        return Account(self.port, "/user/login/", self.email, self.password)


def together(accounts: Sequence[Account], action: Callable[[Account], object]) -> None:
    """Call the action for all of them, each in a thread of its own; what one raises is raised."""
    with ThreadPoolExecutor(len(accounts)) as pool:
        list(pool.map(action, accounts))
