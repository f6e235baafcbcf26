"""Answers in place of the web server while it is down: 503, instead of silence."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RETRY_AFTER_S = 2
SENTENCE = "The web server is being started again; try again in a few seconds."


class _Handler(BaseHTTPRequestHandler):
    """Refuses every request, with a time after which to try again."""

    server_version, sys_version = "Asterism", ""
    timeout = 5

    def parse_request(self) -> bool:
        """Answer a request line of any method; there is nothing left to do for it."""
        if super().parse_request():
            body, content_type = self._body()
            self.send_response(HTTPStatus.SERVICE_UNAVAILABLE)
            self.send_header("Retry-After", str(RETRY_AFTER_S))
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        self.close_connection = True
        return False

    def _body(self) -> tuple[bytes, str]:
        """Return the sentence for people, or a problem object (RFC 9457) for programs."""
        if "text/html" in self.headers.get("Accept", ""):
            return SENTENCE.encode(), "text/plain"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        problem = {"title": status.phrase, "status": status, "detail": SENTENCE}
        return json.dumps(problem).encode(), "application/problem+json"

    def log_message(self, *_: Any) -> None:
        """Log nothing: the end of the web server is logged once."""


class _Server(ThreadingHTTPServer):
    """A server on a socket that is bound already, and stays open when the server ends."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener.dup()
        self.server_activate()


@contextmanager
def refusing(listener: socket.socket) -> Iterator[None]:
    """Refuse every request on the listening socket as long as the context lasts."""
    with _Server(listener) as server:
        threading.Thread(target=server.serve_forever, args=[0.1], daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
