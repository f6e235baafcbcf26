"""Django's sessions in the database, looked up by a statement that is written once."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from labeling.statements import Given, Statement

_LIVE: Statement[Session] = Statement(
    lambda: Session.objects.filter(session_key=Given("key"), expire_date__gt=Given("now"))
)


class SessionStore(DatabaseSessionStore):
    """A session, by its key."""

    def _get_session_from_db(self) -> Session | None:
        for session in _LIVE.objects(key=self.session_key, now=timezone.now()):
            return session
        # Unknown, or run out: the next one gets a key of its own.
        self._session_key = None
        return None
