"""On PostgreSQL, the tests of the queue run with prepared queries and without."""

import os

import pytest

POSTGRESQL = os.environ.get("TEST_DATABASE", "postgresql") == "postgresql"


@pytest.fixture(autouse=True, params=["prepared", "unprepared"] if POSTGRESQL else ["prepared"])
def _prepared_queries(request, settings):
    settings.PREPARED_QUERIES = request.param == "prepared"
