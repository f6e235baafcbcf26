"""A test that cannot run says so; on a build machine that is a failure."""

import os
from typing import NoReturn

import pytest

ON_CI = os.environ.get("CI", "").lower() in {"1", "true"}


class Unavailable(Exception):
    """Something that tests need is neither here nor to be had; says what would help."""


def cannot_run(reason: object) -> NoReturn:
    """End this test as not run: a skip that the last lines report, or a failure on CI."""
    if ON_CI:
        pytest.fail(f"cannot run here: {reason}", pytrace=False)
    pytest.skip(f"cannot run here: {reason}")
