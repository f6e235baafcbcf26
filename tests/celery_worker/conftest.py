"""Fixtures shared with tests/labeling."""

from tests.labeling.conftest import (  # noqa: F401
    _folders_of_its_own,
    ada,
    admin,
    bea,
    cy,
    imported,
    sky,
)
