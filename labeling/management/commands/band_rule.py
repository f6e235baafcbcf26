"""manage.py band_rule FIELD: show or change in how many bands candidates must be observed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.management.band_rule_options import add_band_rule_options
from labeling.models import Field
from labeling.number_texts import count_text
from labeling.rules.band_rule import BandRule


class Command(BaseCommand):
    """Change a field's band rule; candidates are set aside, or put to the vote, accordingly."""

    help = (
        "Show or change in how many bands a candidate of a field must be observed and detected "
        "to be put to the vote. No votes are lost."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of the field")
        add_band_rule_options(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Change the rule if asked to, and print it with its effect."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}: run import_field first.")
        old = field.band_rule
        observed, detected = options["min_observed"], options["min_detected"]
        rule = BandRule(
            old.min_observed if observed is None else observed,
            old.min_detected if detected is None else detected,
        )
        if rule != old:
            self.stdout.write(f"{count_text(field.change_band_rule(rule), 'candidate')} changed.")
        in_play, total = field.candidates.in_play().count(), field.candidates.count()
        self.stdout.write(
            f"Field {field}: candidates must be observed in {rule.min_observed} and detected in "
            f"{count_text(rule.min_detected, 'band')}; {in_play} of {total} are put to the vote."
        )
