"""Until now whoever had voted could look without leaving a trace: all of them count as shown."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0004_openings'),
    ]

    operations = [
        migrations.RunSQL(
            'UPDATE labeling_vote SET informed = true WHERE suggestion_visible OR votes_visible > 0',
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            'INSERT INTO labeling_opening (candidate_id, expert_id, opened_at) '
            'SELECT DISTINCT candidate_id, voter_id, CURRENT_TIMESTAMP FROM labeling_vote '
            'WHERE NOT EXISTS (SELECT 1 FROM labeling_opening AS opening '
            'WHERE opening.candidate_id = labeling_vote.candidate_id '
            'AND opening.expert_id = labeling_vote.voter_id)',
            migrations.RunSQL.noop,
        ),
    ]
