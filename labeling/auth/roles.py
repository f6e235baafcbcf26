"""Roles: experts vote, curators adjudicate ties and publish, administrators run the campaign.

A role is a Django group of that name; a higher role includes the rights of the lower ones.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet


class Role(models.TextChoices):
    """The groups, from the least to the most powerful."""

    EXPERT = "expert"
    CURATOR = "curator"
    ADMINISTRATOR = "administrator"


ROLE_TASKS: Mapping[Role, str] = MappingProxyType(
    {
        Role.EXPERT: "votes on candidates",
        Role.CURATOR: "also adjudicates ties, and publishes releases",
        Role.ADMINISTRATOR: "also imports fields, trains networks and manages accounts",
    }
)
"""What each role is for; a higher one includes the lower ones."""


def has_role(user: AbstractBaseUser | AnonymousUser, role: Role) -> bool:
    """True if the user holds this role or a higher one; superusers hold all."""
    if not user.is_authenticated or not user.is_active:
        return False
    if getattr(user, "is_superuser", False):
        return True
    roles = list(Role)
    sufficient = set(roles[roles.index(role) :])
    return not sufficient.isdisjoint(_group_names(user))


def role_of(account: User) -> Role | None:
    """Return the highest role that the account has as a group, None for no role."""
    names = {group.name for group in account.groups.all()}
    return next((role for role in reversed(Role) if role in names), None)


def give_role(account: User, role: str) -> None:
    """Give the account this role instead of the one that it has; an empty text for no role."""
    account.groups.remove(*Group.objects.filter(name__in=Role))
    if role:
        account.groups.add(Group.objects.get(name=role))
    if role == Role.ADMINISTRATOR and not account.is_staff:
        # Django opens its admin site to these accounts alone.
        account.is_staff = True
        account.save(update_fields=["is_staff"])


def administrators() -> QuerySet[User]:
    """Return the active accounts with all rights, by name."""
    of_group = Exists(Group.objects.filter(user=OuterRef("pk"), name=Role.ADMINISTRATOR))
    accounts = User.objects.filter(Q(is_superuser=True) | Q(of_group), is_active=True)
    return accounts.order_by("username")


def with_roles(accounts: QuerySet[User]) -> Any:
    """Annotate accounts with `is_ROLE` for each role."""
    groups = Group.objects.filter(user=OuterRef("pk"))
    return accounts.annotate(**{f"is_{role}": Exists(groups.filter(name=role)) for role in Role})


def account_with_roles(account: User, annotations: Mapping[str, Any]) -> User:
    """Return the account, which remembers the roles of `with_roles` for this request."""
    _remember(account, {role for role in Role if annotations[f"is_{role}"]})
    return account


def _remember(user: AbstractBaseUser | AnonymousUser, names: Iterable[str]) -> None:
    """Keep the names of the user's groups on this user object, which lives for one request."""
    user.group_names = frozenset(names)  # type: ignore[union-attr]


def _group_names(user: AbstractBaseUser | AnonymousUser) -> frozenset[str]:
    """Return the names of the user's groups, with one query for each user object."""
    if not hasattr(user, "group_names"):
        _remember(user, user.groups.values_list("name", flat=True))  # type: ignore[union-attr]
    names: frozenset[str] = user.group_names  # type: ignore[union-attr]
    return names
