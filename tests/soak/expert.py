"""One expert's browser, as the server sees it: a session, a line that is kept, an outbox."""

import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from secrets import token_hex
from typing import Any, Self
from uuid import uuid4

PATIENCE_S = 120
PAUSE_S = 0.05

Body = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """Status and content of an answer that came whole."""

    status: int
    content: bytes


@dataclass(frozen=True)
class Asked:
    """A request for the next candidates: when it was sent and answered, and what came."""

    begun: float
    ended: float
    candidates: tuple[int, ...]


@dataclass(frozen=True)
class Voted:
    """A vote: when it was sent and acknowledged, and whether for the first time."""

    begun: float
    ended: float
    candidate: int
    label: int
    first: bool = True


class Expert:
    """Asks for candidates of one field and votes on them; remembers what the server said."""

    def __init__(self, port: int, field: str, name: str, session: str) -> None:
        self.name = name
        self.field = field
        self.patient = False
        """Whether it asks again, as the page does, when the line breaks before the answer."""
        self.acknowledged: dict[str, Body] = {}
        """Body of each vote that was answered with 200, by UUID, in order."""
        self.asked: list[Asked] = []
        self.voted: list[Voted] = []
        self.served: list[int] = []
        self.served_again: list[int] = []
        """Candidates that came although it had voted on them, or had them before it."""
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        """How long each answer took: "next" and "submit"."""
        self._taken: set[int] = set()
        self._random = random.Random(name)
        self._session = session
        self._line = HTTPConnection("127.0.0.1", port, timeout=60)
        csrf = token_hex(16)
        self._headers = {
            "Content-Type": "application/json",
            "Cookie": f"sessionid={session}; csrftoken={csrf}",
            "X-CSRFToken": csrf,
        }

    def in_another_window(self) -> Self:
        """The same expert with another line to the server."""
        return type(self)(self._line.port, self.field, self.name, self._session)

    def next(self, count: int = 1) -> list[Body]:
        """The next candidates; none when none is waiting."""
        begun = time.perf_counter()
        reply = self.ask("POST", "queue/", {"count": count, "field": self.field})
        ended = time.perf_counter()
        self.seconds["next"].append(ended - begun)
        items: list[Body] = json.loads(_granted(reply))
        self.asked.append(Asked(begun, ended, tuple(item["candidate"] for item in items)))
        for item in items:
            if item["candidate"] in self._taken:
                self.served_again.append(item["candidate"])
            self.served.append(item["candidate"])
            self._taken.add(item["candidate"])
        return items

    def vote(self, candidate: int, label: int | None = None) -> tuple[str, Body]:
        """Vote, for a class by chance if none is said; the UUID and the body."""
        body = {
            "candidate": candidate,
            "label": label or self._random.randint(1, 4),
            "comment": f"{self.name} on {candidate}",
            "seconds": round(self._random.uniform(0.5, 5), 3),
            "display": {"stretch": "asinh", "zoom": self._random.randint(1, 8)},
        }
        uuid = str(uuid4())
        self.put(uuid, body)
        self.seconds["submit"].append(self.voted[-1].ended - self.voted[-1].begun)
        return uuid, body

    def put(self, uuid: str, body: Body) -> None:
        """Send a vote, once more or for the first time, and see it acknowledged."""
        begun = time.perf_counter()
        _granted(self.ask("PUT", f"votes/{uuid}/", body))
        told = begun, time.perf_counter(), body["candidate"], body["label"]
        self.voted.append(Voted(*told, first=uuid not in self.acknowledged))
        self.acknowledged[uuid] = body

    def skip(self, item: Body) -> None:
        """Put a candidate off: it may come again."""
        _granted(self.ask("PUT", f"leases/{item['lease']['id']}/skip/"), HTTPStatus.NO_CONTENT)
        self._taken.discard(item["candidate"])

    def download(self, path: str) -> bytes:
        """A file."""
        return _granted(self.ask("GET", path))

    def ask(self, method: str, path: str, body: Body | None = None) -> Reply:
        """The answer of the API, whatever it is."""
        content = None if body is None else json.dumps(body)
        deadline = time.monotonic() + (PATIENCE_S if self.patient else 0)
        while True:
            try:
                self._line.request(method, f"/api/v1/{path}", content, self._headers)
                response = self._line.getresponse()
                return Reply(response.status, response.read())
            except (OSError, HTTPException):
                # The next request takes the line up anew.
                self._line.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_S)


def together(experts: Sequence[Expert], action: Callable[[Expert], object]) -> None:
    """Call the action for all of them, each in a thread of its own; what one raises is raised."""
    with ThreadPoolExecutor(len(experts)) as pool:
        for done in [pool.submit(action, expert) for expert in experts]:
            done.result()


def _granted(reply: Reply, status: HTTPStatus = HTTPStatus.OK) -> bytes:
    """The content of an answer that must have this status."""
    assert reply.status == status, f"{reply.status}: {reply.content[:500]!r}"
    return reply.content
