"""Settings of each person, kept on the server."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0004_mosaic_imported_at"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "display",
                    models.JSONField(
                        blank=True, default=dict, help_text="Stretch, limits, colours …"
                    ),
                ),
                (
                    "keys",
                    models.JSONField(
                        blank=True, default=dict, help_text="Lists of chords by action."
                    ),
                ),
                (
                    "theme",
                    models.CharField(
                        choices=[
                            ("dark", "Dark"),
                            ("light", "Light"),
                            ("system", "as the computer has it"),
                        ],
                        default="dark",
                        max_length=8,
                    ),
                ),
            ],
            options={"verbose_name_plural": "preferences"},
        )
    ]
