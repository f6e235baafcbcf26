"""`make soak` (SOAK=1) takes the long way; without it each test takes some seconds."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.services.site import Site
from tests.soak.ledger import Ledger

LONG = os.environ.get("SOAK", "") not in {"", "0"}


@pytest.fixture(scope="session")
def short_or_long() -> Callable[[int, int], int]:
    """The first number, or the second one in `make soak`."""
    return lambda short, long: long if LONG else short


@pytest.fixture(scope="session")
def site(
    database_for: Callable[[str], str | None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """`manage.py serve` as it is used, for all of these tests: each opens a field of its own."""
    site = Site(tmp_path_factory.mktemp("soak"), "--no-demo", database_url=database_for("soak"))
    site.wait()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def ledger(site: Site) -> Iterator[Ledger]:
    """The books of that site."""
    ledger = Ledger(site)
    yield ledger
    ledger.close()
