"""The books: what the experts were told against what the database holds."""

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
    """A second way into a site's database, past the server, which may be killed meanwhile."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "shell", "-v0", "-c", ANSWER_CALLS],
            cwd=ROOT,
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """Leave the database."""
        self._process.communicate()

    def ask(self, name: str, *positional: Any, **named: Any) -> Any:
        """The answer of a function of `tests.soak.inside`."""
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
        """A new field's experts, and after them one person of each other role."""
        people = {f"{name}-{number}": "expert" for number in range(experts)}
        people |= {f"{name}-{role}": role for role in others}
        sessions = self.ask("open_field", name, candidates, people, **rules)
        return [Expert(self._site.port, name, person, key) for person, key in sessions.items()]

    def open_demonstration(self) -> Expert:
        """The administrator of the demonstration field, which has its truth, and it shuffled."""
        ((name, key),) = self.ask("open_demonstration", "demo-admin", "administrator").items()
        return Expert(self._site.port, "demo", name, key)

    def assert_kept(self, experts: Sequence[Expert], votes_needed: int) -> None:
        """All that was acknowledged is there, word for word, and no more than was asked for."""
        stored = self.ask("votes", experts[0].field)
        told = {
            uuid: (expert.name, body)
            for expert in experts
            for uuid, body in expert.acknowledged.items()
        }
        assert {uuid: (voter, body) for uuid, voter, _, body in stored} == told
        live = [(body["candidate"], voter) for _, voter, counts, body in stored if counts]
        assert max(Counter(live).values()) == 1
        assert max(Counter(candidate for candidate, _ in live).values()) <= votes_needed
        assert [expert.served_again for expert in experts] == [[]] * len(experts)

    def assert_nothing_drifted(self) -> None:
        """Every derived row is what the votes say."""
        assert self.ask("audit") == "0 differences"

    def assert_in_order(self, experts: Sequence[Expert], everybody: Sequence[Expert]) -> int:
        """These of everybody who voted in the field got what was most uncertain; from the pool.

        How many they got from it: the control sample comes in its own, random order.
        """
        field, served = everybody[0].field, {c for expert in everybody for c in expert.served}
        needed, pool = self.ask("pool_order", field, sorted(served))
        p_of = {candidate: p_K for candidate, *p_K in pool}
        wrong = Sample(p_of, needed, everybody).out_of_order(experts)
        assert not wrong, f"{len(wrong)} of {len(served)}: {wrong[:3]}"
        return sum(candidate in p_of for expert in experts for candidate in expert.served)
