"""The administrator in whose name a command acts."""

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from labeling.auth.roles import administrators


def administrator(name: str | None) -> User:
    """Return the administrator of this name, or the first one. Raises CommandError."""
    accounts = administrators().order_by("pk")
    if user := (accounts.filter(username=name) if name else accounts).first():
        return user
    description = f"administrator {name}" if name else "administrator"
    raise CommandError(f"There is no {description}; make one with createsuperuser.")
