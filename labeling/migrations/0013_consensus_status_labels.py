"""The labels of the consensus statuses are the words of the glossary."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0012_backend_of_sessions'),
    ]

    operations = [
        migrations.AlterField(
            model_name='consensus',
            name='status',
            field=models.CharField(choices=[('insufficient', 'insufficient votes'), ('agreed', 'all agree'), ('majority', 'majority'), ('tie', 'tie'), ('adjudicated', 'adjudicated')], default='insufficient', max_length=12),
        ),
    ]
