"""Databases, Redis, a worker, Chromium and a served site, for any test that asks for them.

The environment is set here, before pytest-django reads the settings: data in a folder that goes
away, and the database that TEST_DATABASE names: `postgresql`, the default, or `sqlite`; `none` is
for what touches no database.
"""

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings

from deploy.services import WORKER, Child, PrivateRedis
from tests.services import postgresql
from tests.services.missing import Unavailable, cannot_run
from tests.services.site import Site

HOME = Path(tempfile.mkdtemp(prefix="asterism-test-"))
DATABASE = os.environ.get("TEST_DATABASE", "postgresql")
if DATABASE not in {"postgresql", "sqlite", "none"}:
    pytest.exit(f"TEST_DATABASE is postgresql, sqlite or none, not {DATABASE!r}", returncode=2)

# Seen already (`missing.ON_CI`): pytest would take it as a wish for differences in full, and those
# of two files of weights have millions of lines.
os.environ.pop("CI", None)
for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "HTTPS", "ASTERISM_WEIGHTS"):
    os.environ.pop(name, None)
# An example may take as long as a busy machine makes it: no test is about time.
hypothesis.settings.register_profile("asterism", deadline=None)
hypothesis.settings.load_profile("asterism")
# WhiteNoise looks for the folder of static files when it starts.
(HOME / "home" / "static").mkdir(parents=True)
os.environ["ASTERISM_HOME"] = str(HOME / "home")
os.environ["DJANGO_SETTINGS_MODULE"] = "deploy.settings"
if DATABASE == "postgresql":
    os.environ["DATABASE_URL"] = postgresql.url_of(HOME)

# The fixtures through which a test touches a database.
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "database_for"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """--divided: what need not run on both databases runs on one, or where there is none."""
    parser.addoption("--divided", action="store_true")


def pytest_configure(config: pytest.Config) -> None:
    """Markers, and the settings that only tests have."""
    config.addinivalue_line("markers", "postgresql: needs row locks, which SQLite ignores")
    config.addinivalue_line("markers", "beside(*databases): the same on all, tried on these")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # A file, not memory: threads and other processes must see it.
    if DATABASE != "postgresql":
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(HOME / "test.sqlite3")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this database cannot run, or leaves to the other."""
    keep, leave = [], []
    for item in items:
        names = DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        touches = names or item.get_closest_marker("django_db")
        elsewhere = DATABASE not in (_databases(item) if touches else ("none",))
        wrong = DATABASE != "postgresql" and item.get_closest_marker("postgresql")
        divided = config.getoption("--divided") or DATABASE == "none"
        (leave if wrong or (elsewhere and divided) else keep).append(item)
    items[:] = keep
    config.hook.pytest_deselected(items=leave)


def _databases(item: pytest.Item) -> tuple[str, ...]:
    """Where a test that touches a database is worth running."""
    beside = item.get_closest_marker("beside")
    return beside.args if beside else ("sqlite", "postgresql")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say, in the last lines, what was not run, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT RUN: {count} tests: {reason}", yellow=True)


def pytest_unconfigure() -> None:
    """Remove the data."""
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server of this session's own."""
    try:
        server = postgresql.Server(HOME)
    except Unavailable as reason:
        cannot_run(reason)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    """Start the database before pytest-django makes the tables in it."""
    if DATABASE == "postgresql" and "TEST_DATABASE_URL" not in os.environ:
        request.getfixturevalue("postgresql_server")


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Do not drop what goes away with its server or folder."""
    return "TEST_DATABASE_URL" not in os.environ


@pytest.fixture
def redis_server() -> Iterator[PrivateRedis]:
    """The private Redis at BROKER_URL; stop it to take it away."""
    server = PrivateRedis(HOME / "home")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.home / "redis")


@pytest.fixture
def worker_environment(transactional_db: None, redis_server: PrivateRedis) -> dict[str, str]:
    """What a worker process needs to know to work on the database of this test."""
    url = os.environ.get("DATABASE_URL", "").replace("/asterism", "/test_asterism")
    return {
        "DATABASE_URL": url or f"sqlite:///{HOME / 'test.sqlite3'}",
        "REDIS_URL": redis_server.url,
    }


@pytest.fixture
def worker(worker_environment: dict[str, str]) -> Iterator[Child]:
    """A worker process for both queues."""
    log = HOME / "worker.log"
    process = Child(WORKER, log, environment=worker_environment, stop_signal=signal.SIGKILL)
    yield process
    process.stop()


@pytest.fixture(scope="session")
def database_for(request: pytest.FixtureRequest) -> Callable[[str], str | None]:
    """Address of a new database of this name for a site, or None where SQLite is the one."""
    if DATABASE != "postgresql":
        return lambda _name: None
    server = request.getfixturevalue("postgresql_server")
    return server.create


@pytest.fixture(scope="session")
def live_site(
    database_for: Callable[[str], str | None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """`manage.py serve` with the demonstration, as the first `make run` leaves it."""
    site = Site(tmp_path_factory.mktemp("live"), database_url=database_for("live_site"))
    site.wait()
    if not site.has_demonstration_accounts:
        site.create_accounts()
    yield site
    site.stop()
