"""The questions at which pairs of experts branch, where both answered the decision tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations

from django.contrib.auth.models import AnonymousUser, User

from labeling.auth.roles import Role, has_role
from labeling.models import Vote
from labeling.rules.decision_tree import Answers, branch_point


@dataclass(frozen=True)
class BranchPoints:
    """Numbers of candidates, answered by both, on which two experts branch at each question."""

    first: str
    second: str
    n: int
    """Number of candidates that both answered."""
    counts: Counter[str]
    """Number of candidates by the name of the question at which they branch."""

    @property
    def n_identical(self) -> int:
        """Number of candidates on which all their answers are the same."""
        return self.n - self.counts.total()


def branch_points_visible_to(user: User | AnonymousUser) -> list[BranchPoints]:
    """Return the pairs of experts with such candidates in common that this user may see.

    Curators see all pairs, experts those that they are part of.
    """
    questions: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for answers in _answers_by_candidate().values():
        for first, second in combinations(sorted(answers), 2):
            questions[first, second].append(branch_point(answers[first], answers[second]))
    member = None if has_role(user, Role.CURATOR) else user.get_username()
    return [
        BranchPoints(*pair, n=len(names), counts=Counter(name for name in names if name))
        for pair, names in sorted(questions.items())
        if member is None or member in pair
    ]


def _answers_by_candidate() -> dict[int, dict[str, Answers]]:
    """Answers by candidate and expert, of their last blind vote (see `agreement.raters`)."""
    columns = ("candidate", "voter__username", "answers")
    live = Vote.objects.live()
    latest = {(c, voter): answers for c, voter, answers in live.values_list(*columns)}
    blind = live.blind_before().values_list(*columns)
    latest |= {(c, voter): answers for c, voter, answers in blind if (c, voter) in latest}
    by_candidate: dict[int, dict[str, Answers]] = defaultdict(dict)
    for (candidate, voter), answers in latest.items():
        if answers:
            by_candidate[candidate][voter] = answers
    return by_candidate
