"""The administrator in whose name a command acts."""

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from labeling.auth.roles import Role, has_role


def administrator(name: str | None) -> User:
    """Return the administrator of this name, or the first one. Raises CommandError."""
    users = User.objects.filter(is_active=True).order_by("pk")
    for user in users.filter(username=name) if name else users:
        if has_role(user, Role.ADMINISTRATOR):
            return user
    description = f"administrator {name}" if name else "administrator"
    raise CommandError(f"There is no {description}; make one with createsuperuser.")
