from itertools import groupby
from operator import attrgetter

from django.db import migrations, models

from labeling.rules.consensus import Ballot, ConsensusStatus, verdict_of


def open_again(apps, schema_editor):
    """Open control candidates that other than blind votes of the queue have settled."""
    candidates = apps.get_model("labeling", "Candidate").objects
    closed = candidates.filter(control=True, open=False, set_aside="").order_by("pk")
    pks = [
        candidate.pk
        for candidate in closed.select_related("field").iterator(2000)
        if needs_control_votes(apps.get_model("labeling", "Vote"), candidate)
    ]
    for start in range(0, len(pks), 500):
        candidates.filter(pk__in=pks[start : start + 500]).update(open=True)


def needs_control_votes(vote_model, candidate):
    """True if the blind votes that the control sample gave do not settle the candidate."""
    votes = vote_model.objects.filter(candidate=candidate, repeat_of=None, vote_import=None)
    by_voter = groupby(votes.order_by("voter", "cast_at", "pk"), key=attrgetter("voter_id"))
    ballots = [ballot for _, votes in by_voter if (ballot := control_ballot(list(votes)))]
    rules = candidate.field
    verdict = verdict_of(
        ballots, rules.votes_needed, early_retirement=rules.early_retirement
    )
    return verdict.status == ConsensusStatus.INSUFFICIENT


def control_ballot(votes):
    """Return the last blind vote of a voter if it counts, given their votes in order of time."""
    blind = [vote for vote in votes if not vote.informed]
    if not blind or all(vote.retracted_at for vote in votes):
        return None
    before = votes[: votes.index(blind[-1]) + 1]
    served = any(vote.sample == "control" for vote in before)
    return Ballot(blind[-1].label) if served else None


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0024_both_sides_counts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='candidate',
            name='open',
            field=models.BooleanField(default=True, editable=False, help_text='In play, and not yet settled, in the control sample by blind votes of the queue too.', verbose_name='needs votes'),
        ),
        migrations.RunPython(open_again, migrations.RunPython.noop),
    ]
