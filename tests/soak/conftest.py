"""Fixtures of tests that take minutes in `make soak` (SOAK=1), and seconds without it."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.services.site import Site
from tests.soak.ledger import Ledger

LONG = os.environ.get("SOAK", "") not in {"", "0"}


@pytest.fixture(scope="session")
def short_or_long() -> Callable[[int, int], int]:
    """Return a function of two numbers: the first, or the second in `make soak`."""
    return lambda short, long: long if LONG else short


@pytest.fixture(scope="session")
def site(
    database_for: Callable[[str], str | None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A running `manage.py serve` for all of these tests; each test creates its own field."""
    site = Site(tmp_path_factory.mktemp("soak"), "--no-demo", database_url=database_for("soak"))
    site.wait()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def ledger(site: Site) -> Iterator[Ledger]:
    """A ledger of the site."""
    ledger = Ledger(site)
    yield ledger
    ledger.close()
