"""manage.py audit: recompute every derived row and count the differences."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from labeling.consensus import Status
from labeling.models import Candidate, Consensus
from labeling.ordering import in_control_sample, shuffle_key


class Command(BaseCommand):
    """Compare what is stored with what the votes and the names say."""

    help = "Recompute every derived row; prints the differences, exit 1 if there are any."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print each difference, then their number."""
        found = 0
        for candidate in Candidate.objects.select_related("field", "consensus").iterator():
            for line in _differences(candidate):
                self.stdout.write(f"{candidate}: {line}")
                found += 1
        self.stdout.write(f"{found} differences")
        if found:
            sys.exit(1)


def _differences(candidate: Candidate) -> list[str]:
    """What is stored of one candidate and should be otherwise."""
    names = candidate.field.name, candidate.catalogue_id
    wrong = []
    if candidate.control != in_control_sample(*names):
        wrong.append("is in the wrong sample")
    if candidate.shuffle != shuffle_key(*names):
        wrong.append("has the wrong place in random order")
    stored: Consensus | None = getattr(candidate, "consensus", None)
    verdict = candidate.verdict()
    if stored is None:
        silent = not verdict.n_votes and verdict.status != Status.ADJUDICATED
        return wrong if silent else [*wrong, "has votes or a ruling, and no consensus"]
    stale = (f"consensus.{name} is not what the votes say" for name in stored.differences(verdict))
    return [*wrong, *stale]
