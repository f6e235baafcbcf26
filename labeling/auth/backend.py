"""Log-in: sessions in the database, each read together with its account and the account's roles."""

from contextvars import ContextVar
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import F
from django.utils import timezone

from labeling.auth.roles import account_with_roles, with_roles
from labeling.db.prepared import Param, PreparedQuery
from labeling.models import Session

_SESSION: PreparedQuery[Session] = PreparedQuery(
    lambda: Session.objects.filter(session_key=Param("key"), expire_date__gt=Param("now"))
)
_ACCOUNT: PreparedQuery[User] = PreparedQuery(
    lambda: with_roles(User.objects.filter(pk=Param("pk")))
)
_ACCOUNT_OF_SESSION: PreparedQuery[User] = PreparedQuery(
    lambda: with_roles(
        User.objects.filter(
            sessions__session_key=Param("key"), sessions__expire_date__gt=Param("now")
        )
    ).annotate(session_data=F("sessions__session_data"))
)

_session_account: ContextVar[User | None] = ContextVar("session account", default=None)
"""The account that was read with a session, for the next `Backend.get_user`.

Django asks a session whose it is and then for that account. Whatever reads a session sets this, so
the account is never older than the session that asks for it.
"""


class SessionStore(DatabaseSessionStore):
    """The store that the setting SESSION_ENGINE names."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the model of the session rows."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row of this session, with the account that is signed in."""
        row = super().create_model_instance(data)
        assert isinstance(row, Session)
        row.account_id = data.get(SESSION_KEY)
        return row

    def _get_session_from_db(self) -> Session | None:
        params = {"key": self.session_key, "now": timezone.now()}
        for account, annotations in _ACCOUNT_OF_SESSION.annotated(**params):
            _session_account.set(account_with_roles(account, annotations))
            return Session(session_data=annotations["session_data"])
        _session_account.set(None)
        for session in _SESSION.objects(**params):
            return session
        # Unknown or expired: the next session gets a new key.
        self._session_key = None
        return None


class Backend(ModelBackend):
    """Django's model backend, with the account and roles that were read with the session."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the account of a session, or None if it is deleted or inactive."""
        account = _session_account.get()
        _session_account.set(None)
        if account is None or account.pk != user_id:
            rows = _ACCOUNT.annotated(pk=user_id)
            account = account_with_roles(*rows[0]) if rows else None
        return account if account and self.user_can_authenticate(account) else None
