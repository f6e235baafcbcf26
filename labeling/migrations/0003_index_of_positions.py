"""Which sources lie about a candidate is asked for each one that is shown."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0002_roles")]
    operations = [
        migrations.AddIndex(
            "candidate",
            models.Index(fields=["field", "x"], name="labeling_ca_field_i_26a75a_idx"),
        )
    ]
