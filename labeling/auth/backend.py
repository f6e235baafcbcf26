"""Accounts as every request needs them: with their roles, in one question with the session."""

from contextvars import ContextVar
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, QuerySet

from labeling.auth.roles import Role, cache_roles
from labeling.db.prepared import Given, Statement

_at_hand: ContextVar[User | None] = ContextVar("the account read with the session", default=None)


def with_roles(accounts: QuerySet[User]) -> Any:
    """These accounts, and which roles they have."""
    mine = Group.objects.filter(user=OuterRef("pk"))
    return accounts.annotate(**{f"is_{role}": Exists(mine.filter(name=role)) for role in Role})


_WITH_ROLES: Statement[User] = Statement(lambda: with_roles(User.objects.filter(pk=Given("pk"))))


def keep_at_hand(account: User | None) -> None:
    """Let this account, read `with_roles`, be the answer of the next question for it.

    Django asks a session whose it is, and then for that account. Whatever reads a session calls
    this, so that what is at hand is never older than the session that asks.
    """
    _at_hand.set(account)


class Backend(ModelBackend):
    """Django's own, but for that question."""

    def get_user(self, user_id: Any) -> User | None:
        """The account of a session, unless it is gone or no longer active."""
        user = _at_hand.get()
        keep_at_hand(None)
        if user is None or user.pk != user_id:
            user = next(iter(_WITH_ROLES.objects(pk=user_id)), None)
        if user is None:
            return None
        cache_roles(user, {role for role in Role if getattr(user, f"is_{role}")})
        return user if self.user_can_authenticate(user) else None
