"""manage.py demo: the demonstration field and its accounts."""

from typing import Any

from django.core.management.base import BaseCommand

from deploy import demo


class Command(BaseCommand):
    """Prepare the demonstration; what is there already stays as it is."""

    help = "Prepare the demonstration: a simulated field and the accounts ada, bea, cy, cur, admin."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Make what is missing, and say what is there."""
        demo.create_accounts()
        field = demo.create_field(self.stdout.write)
        waiting = field.candidates.in_play().count()
        self.stdout.write(f"Demonstration field “{field}”: {waiting} candidates, simulated.")
