"""Tokens are stored as hashes, several per account; tokens of before stay valid."""

from hashlib import sha256

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def hash_tokens(apps, schema_editor):
    """Move the tokens that were stored as they are, and delete those rows."""
    old = apps.get_model('authtoken', 'Token').objects.using(schema_editor.connection.alias)
    new = apps.get_model('labeling', 'ApiToken').objects.using(schema_editor.connection.alias)
    for token in old.iterator():
        new.create(
            account_id=token.user_id,
            name='command line',
            digest=sha256(token.key.encode()).hexdigest(),
            created_at=token.created,
        )
    old.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('authtoken', '0003_tokenproxy'),
        ('labeling', '0013_consensus_status_labels'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What it is for, to recognise it by.', max_length=80)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('last_used_at', models.DateTimeField(editable=False, null=True)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'API token',
                'ordering': ['-pk'],
            },
        ),
        migrations.RunPython(hash_tokens, migrations.RunPython.noop),
    ]
