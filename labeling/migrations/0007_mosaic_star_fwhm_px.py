"""A candidate's width is judged against that of the stars; import a field again to have it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0006_vote_surplus")]
    operations = [
        migrations.AddField(
            "mosaic",
            "star_fwhm_px",
            models.FloatField(
                "FWHM of stars (px)",
                null=True,
                blank=True,
                help_text="Unknown where there are too few.",
            ),
        )
    ]
