"""Fields whose strategy is random get its places by another hash: the first one was a lattice."""

from django.db import migrations

from labeling.rules.sampling import random_value

AT_A_TIME = 2000


def place(apps, schema_editor):
    predictions = apps.get_model("labeling", "Prediction").objects
    rows = predictions.filter(candidate__field__strategy="random").exclude(queue=None)
    moved = []
    for row in rows.only("candidate").iterator(AT_A_TIME):
        row.priority = random_value(row.candidate_id)
        moved.append(row)
    predictions.bulk_update(moved, ["priority"], batch_size=AT_A_TIME)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0007_members_heard_of")]
    operations = [migrations.RunPython(place, migrations.RunPython.noop)]
