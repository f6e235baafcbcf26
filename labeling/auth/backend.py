"""Log-in: the account of a session, read together with its roles."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, QuerySet

from labeling.auth.roles import Role, cache_roles
from labeling.db.prepared import Param, PreparedQuery

_session_account: ContextVar[User | None] = ContextVar("session account", default=None)


def with_roles(accounts: QuerySet[User]) -> Any:
    """Annotate accounts with `is_ROLE` for each role."""
    groups = Group.objects.filter(user=OuterRef("pk"))
    return accounts.annotate(**{f"is_{role}": Exists(groups.filter(name=role)) for role in Role})


def account_with_roles(account: User, annotations: Mapping[str, Any]) -> User:
    """Return the account, which remembers the roles of the annotations for this request."""
    cache_roles(account, {role for role in Role if annotations[f"is_{role}"]})
    return account


_ACCOUNT: PreparedQuery[User] = PreparedQuery(
    lambda: with_roles(User.objects.filter(pk=Param("pk")))
)


def set_session_account(account: User | None) -> None:
    """Keep the account that was read with a session for the next `Backend.get_user`.

    Django asks a session whose it is and then for that account. Whatever reads a session calls
    this, so the account is never older than the session that asks for it.
    """
    _session_account.set(account)


class Backend(ModelBackend):
    """Django's model backend, with the account and roles that were read with the session."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the account of a session, or None if it is deleted or inactive."""
        account = _session_account.get()
        set_session_account(None)
        if account is None or account.pk != user_id:
            rows = _ACCOUNT.annotated(pk=user_id)
            account = account_with_roles(*rows[0]) if rows else None
        return account if account and self.user_can_authenticate(account) else None
