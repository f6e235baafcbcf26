"""The small world of these tests: five people, a stranger, and a field with a few candidates."""

# ruff: noqa: E402
import django
import pytest

# Asked for this folder alone, pytest reads this file before pytest-django has set Django up.
django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from labeling.auth.roles import Role
from tests.labeling import skies
from tests.labeling.world import JsonClient, make_field


@pytest.fixture(autouse=True)
def _folders_of_its_own(settings, tmp_path):
    """Packs, runs, pictures and releases of one test are never seen by another."""
    names = ("PACKS", "RUNS", "EXPERIMENTS", "RGB_CACHE", "RELEASES", "ARCHIVE", "UPLOADS")
    for name in (*names, "PREVIEWS"):
        folder = tmp_path / "home" / name.lower()
        folder.mkdir(parents=True)
        setattr(settings, name, folder)


def person(name, role=None, **flags):
    """An account, in the group of its role."""
    user = get_user_model().objects.create_user(name, password=name, **flags)
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def client_of(user):
    """Their browser, logged in."""
    client = JsonClient()
    client.force_login(user)
    return client


@pytest.fixture
def ada(db):
    return person("ada", Role.EXPERT)


@pytest.fixture
def bea(db):
    return person("bea", Role.EXPERT)


@pytest.fixture
def cy(db):
    return person("cy", Role.EXPERT)


@pytest.fixture
def cur(db):
    return person("cur", Role.CURATOR)


@pytest.fixture
def admin(db):
    return person("admin", Role.ADMINISTRATOR)


@pytest.fixture
def stranger(db):
    """Has an account, and no role."""
    return person("stranger")


@pytest.fixture
def as_ada(ada):
    return client_of(ada)


@pytest.fixture
def as_bea(bea):
    return client_of(bea)


@pytest.fixture
def as_cur(cur):
    return client_of(cur)


@pytest.fixture
def as_admin(admin):
    return client_of(admin)


@pytest.fixture
def as_stranger(stranger):
    return client_of(stranger)


@pytest.fixture
def as_nobody():
    """Not logged in."""
    return JsonClient()


@pytest.fixture
def field(db):
    """Six candidates that need three votes each; rows only, no pixels."""
    return make_field()


@pytest.fixture
def candidate(field):
    return field.candidates.first()


@pytest.fixture(scope="session")
def sky(tmp_path_factory):
    """Five mosaics and a catalogue, as files."""
    return skies.write_sky(tmp_path_factory.mktemp("sky"))


@pytest.fixture
def imported(db, sky):
    """The field of `sky`, imported as `manage.py` does it."""
    return sky.imported()
