"""Rename openings to disclosures."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0009_message_of_claim")]

    operations = [
        migrations.RemoveConstraint("opening", "one_opening"),
        migrations.RenameModel("Opening", "Disclosure"),
        migrations.RenameField("disclosure", "opened_at", "disclosed_at"),
        migrations.AddConstraint(
            "disclosure",
            models.UniqueConstraint(fields=["candidate", "expert"], name="one_disclosure"),
        ),
    ]
