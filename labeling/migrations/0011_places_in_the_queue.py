"""Fill in who needs votes, and where the predictions stand in the queue."""

from django.db import migrations
from django.db.models import Exists, F, OuterRef, Q, Subquery

from labeling.priority import worth


def set_open(apps, _editor):
    """Closed are those that are set aside, and those whose consensus is no longer open."""
    candidates = apps.get_model("labeling", "Candidate").objects
    consensus = apps.get_model("labeling", "Consensus").objects.filter(candidate=OuterRef("pk"))
    settled = Exists(consensus.exclude(status="insufficient"))
    candidates.filter(~Q(set_aside="") | Q(settled)).update(open=False)


def set_places(apps, _editor):
    """The pool's open candidates wait, each for what another answer is worth."""
    predictions = apps.get_model("labeling", "Prediction").objects
    candidates = apps.get_model("labeling", "Candidate").objects
    field = candidates.filter(pk=OuterRef("candidate"), open=True, control=False).values("field")
    predictions.update(queue=Subquery(field), priority=F("entropy"))
    counts = {f"n{k}": F(f"candidate__consensus__n_class{k}") for k in (1, 2, 3, 4)}
    voted = predictions.filter(candidate__consensus__n_votes__gt=0).annotate(**counts)
    moved = []
    for row in voted.iterator(2000):
        votes = (row.n1, row.n2, row.n3, row.n4)
        if any(votes):
            row.priority = worth((row.p_class1, row.p_class2, row.p_class3, row.p_class4), votes)
            moved.append(row)
    predictions.bulk_update(moved, ["priority"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0010_queue_in_order")]
    operations = [
        migrations.RunPython(set_open, migrations.RunPython.noop),
        migrations.RunPython(set_places, migrations.RunPython.noop),
    ]
