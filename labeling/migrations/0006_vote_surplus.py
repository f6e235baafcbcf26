"""A vote knows whether it came after all those that were needed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0005_preferences")]
    operations = [
        migrations.AddField(
            "vote",
            "surplus",
            models.BooleanField(
                default=False,
                help_text="Cast without a lease when all the votes needed were there; it counts "
                "all the same.",
            ),
        )
    ]
