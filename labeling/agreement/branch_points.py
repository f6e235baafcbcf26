"""At which question pairs of experts part, where both took the way through the questions."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from labeling.auth.roles import Role, has_role
from labeling.models import Vote
from labeling.rules.decision_tree import Answers, branch_point


@dataclass(frozen=True)
class BranchPoints:
    """Two experts: on how many candidates both answered, and at which question they part."""

    first: str
    second: str
    n: int
    at: Counter[str]
    """Number of candidates by the question's name."""

    @property
    def together(self) -> int:
        """Number of candidates on which all their answers are the same."""
        return self.n - self.at.total()


def branch_points_visible_to(user: Any) -> list[BranchPoints]:
    """All pairs of experts with such candidates in common that this user may see.

    Curators see all, experts those that they are part of.
    """
    pairs: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for said in _by_candidate().values():
        for one, other in combinations(sorted(said), 2):
            pairs[one, other].append(branch_point(said[one], said[other]))
    mine = None if has_role(user, Role.CURATOR) else user.get_username()
    return [
        BranchPoints(*pair, n=len(ends), at=Counter(end for end in ends if end is not None))
        for pair, ends in sorted(pairs.items())
        if mine is None or mine in pair
    ]


def _by_candidate() -> dict[int, dict[str, Answers]]:
    """Answers by candidate and expert, of their last blind vote (see `agreement.raters`)."""
    columns = ("candidate", "voter__username", "answers")
    live = Vote.objects.live()
    given = {(c, voter): answers for c, voter, answers in live.values_list(*columns)}
    blind = live.blind_before().values_list(*columns)
    given |= {(c, voter): answers for c, voter, answers in blind if (c, voter) in given}
    said: dict[int, dict[str, Answers]] = defaultdict(dict)
    for (candidate, voter), answers in given.items():
        if answers:
            said[candidate][voter] = answers
    return said
