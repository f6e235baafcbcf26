"""The demonstration: a simulated field of 600 candidates, and an account for each role."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from deploy import demo_accounts
from labeling.auth.roles import Role
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.models import Field
from labeling.simulation import simulate_field

ACCOUNTS = {name: Role(role) for name, role in demo_accounts.ROLES.items()}
"""Role of each account; the password is the name."""

FIELD = "demo"
SEED = 1566


def create_accounts() -> None:
    """Create the demonstration accounts that are missing."""
    users = get_user_model().objects
    for name, role in ACCOUNTS.items():
        if users.filter(username=name).exists():
            continue
        administrator = role == Role.ADMINISTRATOR
        user = users.create_user(
            name, password=name, is_staff=administrator, is_superuser=administrator
        )
        user.groups.add(Group.objects.get(name=role))


def create_field(report: Callable[[str], object]) -> Field:
    """Simulate and import the field, unless it exists; the truth stays out of the database."""
    if existing := Field.objects.filter(name=FIELD, imports__isnull=False).first():
        return existing
    report("Simulating a field of 600 candidates in five filters (about ten seconds) …")
    simulated = simulate_field(SEED)
    paths = simulated.write(settings.HOME / "demo")
    report("Cutting the stamps …")
    field = import_field(
        FIELD,
        [MosaicRequest(path.resolve()) for path in paths.values() if path.suffix == ".fits"],
        galaxy="Simulated spiral",
        distance_mpc=simulated.distance_mpc,
        simulated=True,
    )
    import_catalogue(field, paths["catalogue"], CatalogueOptions())
    return field
