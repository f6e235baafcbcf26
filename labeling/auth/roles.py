"""Who may do what: experts vote, curators settle ties and publish, administrators run it all.

A role is a Django group of that name; a higher role may do all that a lower one may.
"""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models


class Role(models.TextChoices):
    """The groups, from the least to the most powerful."""

    EXPERT = "expert"
    CURATOR = "curator"
    ADMINISTRATOR = "administrator"


def has_role(user: AbstractBaseUser | AnonymousUser, role: Role) -> bool:
    """Whether the user holds this role or a higher one; superusers hold all."""
    if not user.is_authenticated or not user.is_active:
        return False
    if getattr(user, "is_superuser", False):
        return True
    ranks = list(Role)
    enough = set(ranks[ranks.index(role) :])
    return not enough.isdisjoint(_groups(user))


def cache_roles(user: AbstractBaseUser | AnonymousUser, names: Iterable[str]) -> None:
    """Remember, for this user object, that is, for one request, the groups that are roles."""
    user._role_names = frozenset(names)  # type: ignore[union-attr]


def _groups(user: AbstractBaseUser | AnonymousUser) -> frozenset[str]:
    """Names of the user's groups, asked once per user object."""
    if not hasattr(user, "_role_names"):
        cache_roles(user, user.groups.values_list("name", flat=True))  # type: ignore[union-attr]
    names: frozenset[str] = user._role_names  # type: ignore[union-attr]
    return names
