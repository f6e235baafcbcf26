"""Sessions name the module of their log-in, which has moved; who is signed in stays so."""

from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations
from django.utils import timezone

OLD = 'labeling.accounts.Backend'
NEW = 'labeling.auth.backend.Backend'


def follow(apps, schema_editor):
    """Rewrite the sessions that have not expired."""
    store = SessionStore()
    sessions = apps.get_model('labeling', 'Session').objects
    for session in sessions.filter(expire_date__gt=timezone.now()).iterator():
        data = store.decode(session.session_data)
        if data.get(BACKEND_SESSION_KEY) == OLD:
            session.session_data = store.encode({**data, BACKEND_SESSION_KEY: NEW})
            session.save(update_fields=['session_data'])


class Migration(migrations.Migration):

    dependencies = [('labeling', '0011_plain_words')]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
