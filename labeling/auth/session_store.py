"""The session store: Django's sessions in the database, read together with their account."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import F
from django.utils import timezone

from labeling.auth.backend import account_with_roles, set_session_account, with_roles
from labeling.db.prepared import Param, PreparedQuery
from labeling.models import Session

_SESSION: PreparedQuery[Session] = PreparedQuery(
    lambda: Session.objects.filter(session_key=Param("key"), expire_date__gt=Param("now"))
)
_ACCOUNT: PreparedQuery[User] = PreparedQuery(
    lambda: with_roles(
        User.objects.filter(
            sessions__session_key=Param("key"), sessions__expire_date__gt=Param("now")
        )
    ).annotate(session_data=F("sessions__session_data"))
)


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
        for account, annotations in _ACCOUNT.annotated(**params):
            set_session_account(account_with_roles(account, annotations))
            return Session(session_data=annotations["session_data"])
        set_session_account(None)
        for session in _SESSION.objects(**params):
            return session
        # Unknown or expired: the next session gets a new key.
        self._session_key = None
        return None
