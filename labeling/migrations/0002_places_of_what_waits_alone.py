"""Databases from before have places of what is settled, which nobody reads, and the audit would."""

from django.db import migrations


def forget(apps, schema_editor):
    settled = apps.get_model("labeling", "Prediction").objects.filter(queue=None)
    settled.exclude(priority=0).update(priority=0)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0001_squashed_0022")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
