"""Sessions name their account; who is signed in stays so."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations, models
from django.utils import timezone


def take_over(apps, schema_editor):
    """Move the sessions of accounts that are still there from Django's table."""
    old = apps.get_model('sessions', 'Session').objects
    new = apps.get_model('labeling', 'Session').objects
    accounts = set(apps.get_model('auth', 'User').objects.values_list('pk', flat=True))
    for session in old.filter(expire_date__gt=timezone.now()).iterator():
        account = int(SessionStore().decode(session.session_data).get(SESSION_KEY, 0))
        if account in accounts:
            new.create(
                session_key=session.session_key,
                session_data=session.session_data,
                expire_date=session.expire_date,
                account_id=account,
            )
    old.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0005_openings_of_before'),
        ('sessions', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Session',
            fields=[
                ('session_key', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='session key')),
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
                'abstract': False,
            },
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
