"""Colour images are drawn anew after an import: this says when it was."""

from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("labeling", "0003_index_of_positions")]
    operations = [
        migrations.AddField(
            "mosaic",
            "imported_at",
            models.DateTimeField(auto_now=True, default=timezone.now),
            preserve_default=False,
        )
    ]
