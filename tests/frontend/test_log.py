"""What the log says of requests that are refused."""

import logging
import logging.config
import sys
from io import StringIO

from django.conf import settings


def test_a_refusal_is_one_line_without_a_traceback(browse, monkeypatch):
    monkeypatch.setattr(sys, "stderr", log := StringIO())
    handlers, level = logging.root.handlers[:], logging.root.level
    try:
        logging.config.dictConfig(settings.LOGGING)
        # Rulings are for curators.
        assert browse("ada").get("/disagreements/").status_code == 403
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
    (line,) = log.getvalue().splitlines()
    assert line.endswith("WARNING django.request: Forbidden (Permission denied): /disagreements/")
