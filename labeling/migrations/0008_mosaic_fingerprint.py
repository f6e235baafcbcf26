"""Colour images are drawn anew when pixels change, not whenever the same ones are imported."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0007_mosaic_star_fwhm_px")]
    operations = [
        migrations.RemoveField("mosaic", "imported_at"),
        migrations.AddField(
            "mosaic",
            "fingerprint",
            models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="sha256 of the pixels.",
                max_length=64,
            ),
            preserve_default=False,
        ),
    ]
