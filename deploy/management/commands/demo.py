"""manage.py demo: the demonstration field and, on one computer, its accounts."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from deploy import demo


class Command(BaseCommand):
    """Prepare the demonstration; existing rows stay unchanged."""

    help = "Prepare the demonstration: a simulated field and the accounts ada, bea, cy, cur, admin."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Create what is missing, and report the number of candidates."""
        if settings.ONE_COMPUTER:
            demo.create_accounts()
        else:
            self.stdout.write(
                "Without demonstration accounts, whose passwords everybody knows: this site is not "
                "for one computer only. `manage.py createsuperuser` makes the first administrator."
            )
        field = demo.create_field(self.stdout.write)
        waiting = field.candidates.in_play().count()
        self.stdout.write(f"Demonstration field “{field}”: {waiting} candidates, simulated.")
