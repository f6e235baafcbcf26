"""Compare the responses that experts got with the database."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.services.site import ROOT, Site
from tests.soak.expert import Expert
from tests.soak.order import Sample

ANSWER_CALLS = "from tests.soak import inside; inside.answer_calls()"


class Ledger:
    """Access to a site's database by a process that continues when the server is killed."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "shell", "-v0", "-c", ANSWER_CALLS],
            cwd=ROOT,
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def call(self, name: str, *positional: Any, **named: Any) -> Any:
        """Call a function of `tests.soak.inside`; return its result."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([name, positional, named]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{name} failed: see above")
        return json.loads(answer)

    def open_field(
        self, name: str, candidates: int, experts: int, *others: str, **rules: Any
    ) -> list[Expert]:
        """Create a field; return its experts, and after them a person of each other role."""
        people = {f"{name}-{number}": "expert" for number in range(experts)}
        people |= {f"{name}-{role}": role for role in others}
        sessions = self.call("open_field", name, candidates, people, **rules)
        return [Expert(self.site.port, name, person, key) for person, key in sessions.items()]

    def open_demonstration(self) -> Expert:
        """Create the demonstration field with two label sources; return its administrator."""
        ((name, key),) = self.call("open_demonstration", "demo-admin", "administrator").items()
        return Expert(self.site.port, "demo", name, key)

    def assert_votes_stored(self, experts: Sequence[Expert], votes_needed: int) -> None:
        """Check that the acknowledged votes are stored unchanged, and at most `votes_needed`."""
        stored = self.call("votes", experts[0].field)
        acknowledged = {
            uuid: (expert.name, body)
            for expert in experts
            for uuid, body in expert.acknowledged.items()
        }
        assert {uuid: (voter, body) for uuid, voter, _, body in stored} == acknowledged
        live = [(body["candidate"], voter) for _, voter, counts, body in stored if counts]
        assert max(Counter(live).values()) == 1
        assert max(Counter(candidate for candidate, _ in live).values()) <= votes_needed
        assert [expert.served_again for expert in experts] == [[]] * len(experts)

    def assert_audit_passes(self) -> None:
        """Check that every derived row agrees with the votes; notes may come before the result."""
        *notes, result = self.call("audit").splitlines()
        assert result == "0 differences"
        assert all(note.startswith("Note: ") for note in notes)

    def assert_in_order(self, experts: Sequence[Expert], everybody: Sequence[Expert]) -> int:
        """Check that these experts got the most uncertain candidates of the training pool.

        `everybody` are all who voted in the field. Returns the number of candidates that the
        experts got from the pool; the control sample has a random order.
        """
        field, served = everybody[0].field, {c for expert in everybody for c in expert.served}
        needed, pool = self.call("pool_order", field, sorted(served))
        p_of = {candidate: p_K for candidate, *p_K in pool}
        errors = Sample(p_of, needed, everybody).out_of_order(experts)
        assert not errors, f"{len(errors)} of {len(served)}: {errors[:3]}"
        return sum(candidate in p_of for expert in experts for candidate in expert.served)
