"""People, and a field with a few candidates that are rows without pixels."""

# ruff: noqa: E402
import django
import pytest

# Asked for this folder alone, pytest reads this file before pytest-django has set Django up.
django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from labeling.auth.roles import Role
from tests.labeling.world import make_field

ROLES = {
    "stranger": None,
    "ada": Role.EXPERT,
    "bea": Role.EXPERT,
    "cy": Role.EXPERT,
    "cur": Role.CURATOR,
    "admin": Role.ADMINISTRATOR,
}


@pytest.fixture(autouse=True)
def _names_of_static_files(settings):
    """Nothing is collected here, so files keep their own names."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def people(db, settings, tmp_path):
    """The accounts by name; runs and releases lie in a folder of the test's own."""
    for name in ("RUNS", "EXPERIMENTS", "RELEASES", "UPLOADS", "PREVIEWS"):
        setattr(settings, name, tmp_path / name.lower())
    accounts = {}
    for name, role in ROLES.items():
        accounts[name] = get_user_model().objects.create_user(name, password=name)
        if role:
            accounts[name].groups.add(Group.objects.get_or_create(name=role)[0])
    return accounts


@pytest.fixture
def browse(people):
    """`browse("ada")` is ada's browser, `browse()` a visitor's."""

    def client(name=None):
        browser = Client()
        if name:
            browser.force_login(people[name])
        return browser

    return client


@pytest.fixture
def field(db):
    return make_field()


@pytest.fixture
def candidate(field):
    return field.candidates.get(catalogue_id="1")
