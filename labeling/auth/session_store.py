"""Django's sessions in the database, each read together with the account that it belongs to."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import F
from django.utils import timezone

from labeling.auth import backend
from labeling.db.prepared import Given, Statement
from labeling.models import Session

_LIVE: Statement[Session] = Statement(
    lambda: Session.objects.filter(session_key=Given("key"), expire_date__gt=Given("now"))
)
_OWNER: Statement[User] = Statement(
    lambda: backend.with_roles(
        User.objects.filter(
            sessions__session_key=Given("key"), sessions__expire_date__gt=Given("now")
        )
    ).annotate(session_data=F("sessions__session_data"))
)


class SessionStore(DatabaseSessionStore):
    """A session, by its key."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The rows that they are kept in."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row of this session, with the account that has signed in."""
        row = super().create_model_instance(data)
        assert isinstance(row, Session)
        row.account_id = data.get(SESSION_KEY)
        return row

    def _get_session_from_db(self) -> Session | None:
        asked = {"key": self.session_key, "now": timezone.now()}
        owner = next(iter(_OWNER.objects(**asked)), None)
        backend.keep_at_hand(owner)
        if owner:
            return Session(session_data=vars(owner).pop("session_data"))
        for session in _LIVE.objects(**asked):
            return session
        # Unknown, or run out: the next one gets a key of its own.
        self._session_key = None
        return None
