"""Whose name stands on what a command does."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from labeling.auth.roles import Role, has_role


def administrator(name: str | None) -> Any:
    """The account of this name, or the first, that is an administrator; raises CommandError."""
    users = get_user_model().objects.filter(is_active=True).order_by("pk")
    for user in users.filter(username=name) if name else users:
        if has_role(user, Role.ADMINISTRATOR):
            return user
    who = f"administrator {name}" if name else "administrator"
    raise CommandError(f"There is no {who}; make one with createsuperuser.")
