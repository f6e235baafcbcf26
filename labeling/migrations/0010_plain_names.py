"""Rename openings to disclosures, and columns whose names were riddles."""

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
        migrations.RenameField("trainingrun", "fruitless", "attempts_without_progress"),
        migrations.RenameField("experiment", "fruitless", "attempts_without_progress"),
        migrations.RenameField("trainingrun", "finishing_at", "trained_at"),
        migrations.RenameField("member", "taken_at", "claimed_at"),
        migrations.RenameField("member", "heard_at", "heartbeat_at"),
        migrations.RenameField("refresh", "begun_at", "claimed_at"),
    ]
