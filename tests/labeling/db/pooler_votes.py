"""Votes of four experts at once on the database of DATABASE_URL; run by `test_pooler`."""

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402

from labeling.models import Field, Vote  # noqa: E402
from tests.labeling.world import at_once, lease_next, make_field, vote  # noqa: E402

CANDIDATES, EXPERTS = 24, 4


def vote_on_all(expert):
    """Vote on every candidate that the queue gives to this expert."""
    field = Field.objects.get()
    while leases := lease_next(field, expert, 3):
        for lease in leases:
            vote(lease.candidate, expert, 1 + lease.candidate_id % 4)


call_command("migrate", verbosity=0)
make_field(candidates=CANDIDATES, votes_needed=2, repeat_share=0)
users = [get_user_model().objects.create_user(f"expert{k}") for k in range(EXPERTS)]
at_once(EXPERTS, lambda k: vote_on_all(users[k]))
print(Vote.objects.live().count())  # noqa: T201
call_command("audit")
