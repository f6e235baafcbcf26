"""Simulated browsers of experts: a session, a persistent connection, repeated requests."""

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
    """Status and content of a complete response."""

    status: int
    content: bytes


@dataclass(frozen=True)
class QueueRequest:
    """A request for the next candidates: its time, the time of the response, the candidates."""

    sent_at: float
    answered_at: float
    candidates: tuple[int, ...]


@dataclass(frozen=True)
class VoteRequest:
    """A vote: its time, the time of the response, and whether its UUID is new."""

    sent_at: float
    answered_at: float
    candidate: int
    label: int
    is_new: bool = True


class Expert:
    """Requests candidates of one field and votes on them; records all responses."""

    def __init__(self, port: int, field: str, name: str, session: str) -> None:
        self.name = name
        self.field = field
        self.retries = False
        """True to repeat a request, as the page does, if the connection breaks."""
        self.acknowledged: dict[str, Body] = {}
        """Body of each vote that was answered with 200, by UUID, in order."""
        self.queue_requests: list[QueueRequest] = []
        self.vote_requests: list[VoteRequest] = []
        self.served: list[int] = []
        self.served_again: list[int] = []
        """Candidates that the queue gave after the expert had voted on them or held them."""
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        """Seconds of each response, for "next" and "submit"."""
        self._received: set[int] = set()
        self._random = random.Random(name)
        self._session = session
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        csrf = token_hex(16)
        self._headers = {
            "Content-Type": "application/json",
            "Cookie": f"sessionid={session}; csrftoken={csrf}",
            "X-CSRFToken": csrf,
        }

    def in_another_window(self) -> Self:
        """Return the same expert with another connection to the server."""
        return type(self)(self._connection.port, self.field, self.name, self._session)

    def next(self, count: int = 1) -> list[Body]:
        """Return the next candidates; none if none is waiting."""
        sent_at = time.perf_counter()
        reply = self.request("POST", "queue/", {"count": count, "field": self.field})
        answered_at = time.perf_counter()
        self.seconds["next"].append(answered_at - sent_at)
        items: list[Body] = json.loads(_content(reply))
        candidates = tuple(item["candidate"] for item in items)
        self.queue_requests.append(QueueRequest(sent_at, answered_at, candidates))
        for item in items:
            if item["candidate"] in self._received:
                self.served_again.append(item["candidate"])
            self.served.append(item["candidate"])
            self._received.add(item["candidate"])
        return items

    def vote(self, candidate: int, label: int | None = None) -> tuple[str, Body]:
        """Vote, for a random class by default; return the UUID and the body."""
        body = {
            "candidate": candidate,
            "label": label or self._random.randint(1, 4),
            "comment": f"{self.name} on {candidate}",
            "seconds": round(self._random.uniform(0.5, 5), 3),
            "display": {"stretch": "asinh", "zoom": self._random.randint(1, 8)},
        }
        uuid = str(uuid4())
        self.put(uuid, body)
        self.seconds["submit"].append(
            self.vote_requests[-1].answered_at - self.vote_requests[-1].sent_at
        )
        return uuid, body

    def put(self, uuid: str, body: Body) -> None:
        """Send a vote, or send it again; the response must be 200."""
        sent_at = time.perf_counter()
        _content(self.request("PUT", f"votes/{uuid}/", body))
        times = sent_at, time.perf_counter()
        is_new = uuid not in self.acknowledged
        self.vote_requests.append(
            VoteRequest(*times, body["candidate"], body["label"], is_new=is_new)
        )
        self.acknowledged[uuid] = body

    def skip(self, item: Body) -> None:
        """Skip a candidate; the queue may give it again."""
        _content(self.request("PUT", f"leases/{item['lease']['id']}/skip/"), HTTPStatus.NO_CONTENT)
        self._received.discard(item["candidate"])

    def download(self, path: str) -> bytes:
        """Return a file."""
        return _content(self.request("GET", path))

    def request(self, method: str, path: str, body: Body | None = None) -> Reply:
        """Return the response of the API, of any status."""
        content = None if body is None else json.dumps(body)
        deadline = time.monotonic() + (PATIENCE_S if self.retries else 0)
        while True:
            try:
                self._connection.request(method, f"/api/v1/{path}", content, self._headers)
                response = self._connection.getresponse()
                return Reply(response.status, response.read())
            except (OSError, HTTPException):
                # The next request opens a new connection.
                self._connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_S)


def call_in_parallel(experts: Sequence[Expert], action: Callable[[Expert], object]) -> None:
    """Call the action for all experts, each in a thread; raises what any of them raises."""
    with ThreadPoolExecutor(len(experts)) as pool:
        for future in [pool.submit(action, expert) for expert in experts]:
            future.result()


def _content(reply: Reply, status: HTTPStatus = HTTPStatus.OK) -> bytes:
    """Return the content of a response, which must have this status."""
    assert reply.status == status, f"{reply.status}: {reply.content[:500]!r}"
    return reply.content
