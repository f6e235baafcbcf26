"""Labelling replayed with known truth: what an order of asking people is worth.

Simulated experts vote on candidates whose true class is known; a learner is trained on what their
majority settles, and scores the rest of the pool; the best go to the experts next. After each round
the learner's accuracy is measured on the control sample, against the truth.

Each order (strategy and seed) is one JSON file, written whole after every round: what was
interrupted goes on where it was. Orders of one seed share the votes that a candidate gets.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from classifier.active import photometry, simulated_experts
from classifier.active.acquisition import STRATEGIES, WITHOUT_NETWORK, Pool, ranked
from classifier.active.learners import Answers, Learner
from classifier.core.config import TrainingConfig
from classifier.core.training_set import UNLABELLED, Manifest
from classifier.data.stamps import complete
from classifier.training import checkpoints
from classifier.training.checkpoints import RunError

FORMAT = "asterism-replay/1"

EVERYTHING = "all"
"""In the place of a strategy: the whole pool at once, which the strategies are measured by."""


@dataclass(frozen=True)
class Plan:
    """How people are asked; the same for all strategies."""

    experts: int = 3
    """Votes on each candidate; where two classes are first, none is settled."""
    first: int = 50
    """Candidates before the first training."""
    batch: int = 50
    """Candidates between two trainings."""
    rounds: int | None = None
    """Trainings at most; None: until the pool is empty."""
    cold_start: Literal["spread", "random"] = "random"
    """Chooses the first candidates of strategies that need a network."""
    people: Literal["paper", "perfect"] = "paper"
    """paper: two of them agree as often as two people do; perfect: each vote is the truth."""

    def __post_init__(self) -> None:
        """Refuse what cannot be replayed, in words that name the setting."""
        for name in ("experts", "first", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}.")


@dataclass(frozen=True)
class Point:
    """The learner after one round."""

    asked: int
    """Candidates that were voted on."""
    votes: int
    settled: int
    """Candidates whose votes gave a label, and were learnt from."""
    right: int
    """Of those, with the true class."""
    settled_of_class: list[int]
    """By the label that was learnt."""
    accuracy: float
    """Share of the control sample whose true class is the most probable one."""
    confidence: float
    """Mean probability of that class; above the accuracy the learner is overconfident."""
    recall: list[float | None]
    """By true class; None where the control sample has none."""


@dataclass(frozen=True)
class World:
    """Candidates with known classes: a pool to ask about, a sample to measure on."""

    manifest: Manifest
    """Its labels are the truth; train is the pool, control the sample."""
    columns: NDArray[np.float64]
    """(N, C) magnitude, colour, concentration index; NaN where one is missing."""
    classes: int
    pool: NDArray[np.int64] = field(init=False)
    """Positions in the manifest."""
    control: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Find both, and refuse a world without either."""
        for split, name in (("train", "pool"), ("control", "control")):
            positions = self.manifest.labelled(split)
            if not len(positions):
                raise ValueError(f"The manifest has no labelled candidates in the split {split}.")
            object.__setattr__(self, name, positions)
        if self.manifest.label.max() > self.classes:
            raise ValueError(f"The manifest has labels above {self.classes}, the learner has not.")

    @classmethod
    def of(cls, manifest: Manifest, config: TrainingConfig) -> Self:
        """The candidates of a manifest that can be learnt; their columns are measured on stamps."""
        known = complete(manifest, config)
        usable = manifest.changed(label=np.where(known, manifest.label, UNLABELLED))
        return cls(usable, photometry.measure(manifest, config.bands), config.classes)


@dataclass
class Replay:
    """One strategy with one seed: what was asked so far, and what came of it."""

    strategy: str
    seed: int
    asked: list[int] = field(default_factory=list)
    """Candidates in the order of asking, by their ids."""
    points: list[Point] = field(default_factory=list)


Told = Callable[[Replay], None]
"""Called after every round."""


def simulate(
    world: World,
    learner: Learner,
    plan: Plan,
    directory: Path,
    *,
    strategies: Sequence[str] = tuple(STRATEGIES),
    seeds: Sequence[int] = range(5),
    told: Told = lambda _: None,
) -> list[Replay]:
    """Replay each strategy with each seed, and the whole pool at once; files go to `directory`.

    Raises RunError where it holds replays of something else.
    """
    directory.mkdir(parents=True, exist_ok=True)
    return [
        _replayed(_Labelling(world, learner, plan, Replay(strategy, seed)), directory, told)
        for seed in seeds
        for strategy in (EVERYTHING, *strategies)
    ]


def _replayed(labelling: "_Labelling", directory: Path, told: Told) -> Replay:
    """Go on until it ends, from what the file of the replay has."""
    replay = labelling.replay
    path = directory / f"{replay.strategy}-{replay.seed}.json"
    identity = labelling.identity
    if path.exists():
        found = checkpoints.read_json(path)
        if any(found.get(name) != value for name, value in identity.items()):
            raise RunError(f"{path} is a replay of something else: simulate into an empty folder.")
        replay.asked = found["asked"]
        replay.points = [Point(**point) for point in found["points"]]
    while not labelling.ended:
        labelling.step()
        state = {"asked": replay.asked, "points": [asdict(point) for point in replay.points]}
        checkpoints.write_json(path, identity | state)
        told(replay)
    return replay


class _Labelling:
    """One replay under way."""

    def __init__(self, world: World, learner: Learner, plan: Plan, replay: Replay) -> None:
        self.replay = replay
        self._world, self._learner, self._plan = world, learner, plan
        self._rng = np.random.default_rng([replay.seed, 1])
        self._answers: Answers | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the result, as JSON values."""
        return {
            "format": FORMAT,
            "strategy": self.replay.strategy,
            "seed": self.replay.seed,
            "plan": {name: value for name, value in asdict(self._plan).items() if name != "rounds"},
            "learner": self._learner.identity,
            "manifest_sha256": self._world.manifest.sha256,
        }

    @property
    def ended(self) -> bool:
        """Nobody is left to ask about, or the rounds are over."""
        rounds = 1 if self.replay.strategy == EVERYTHING else self._plan.rounds
        over = rounds is not None and len(self.replay.points) >= rounds
        return over or len(self.replay.asked) >= len(self._world.pool)

    def step(self) -> None:
        """Ask, learn and measure once."""
        batch = self._next()
        self.replay.asked += self._world.manifest.candidate[batch].tolist()
        self._answers = self._learnt()
        self.replay.points.append(self._measured(self._answers))

    @cached_property
    def _label_if_asked(self) -> NDArray[np.int64]:
        """The label (N,) that votes give each candidate of the pool; 0 where they settle none."""
        world, plan = self._world, self._plan
        label = np.zeros(len(world.manifest), dtype=np.int64)
        truth = world.manifest.label[world.pool]
        if plan.people == "perfect":
            label[world.pool] = truth
            return label
        confusion = simulated_experts.confusion(world.classes)
        # Orders of one seed get the same votes on a candidate.
        rng = np.random.default_rng([self.replay.seed, 0])
        votes = simulated_experts.cast(truth, confusion, plan.experts, rng)
        label[world.pool] = simulated_experts.majority(votes, world.classes)
        return label

    @cached_property
    def _without_network(self) -> NDArray[np.int64]:
        """Positions of the whole pool, in the order that needs no network."""
        strategy = self.replay.strategy
        first = strategy if strategy in WITHOUT_NETWORK else self._plan.cold_start
        columns = self._world.columns[self._world.pool]
        nothing = np.empty((len(columns), 0), dtype=np.float32)
        empty = Pool(np.empty((0, len(columns), 0)), nothing, columns)
        return self._world.pool[ranked(STRATEGIES[first](empty, self._rng))]

    @property
    def _asked(self) -> NDArray[np.bool_]:
        """(N,)."""
        return np.isin(self._world.manifest.candidate, self.replay.asked)

    def _next(self) -> NDArray[np.int64]:
        """Positions of the candidates to ask about now."""
        strategy = self.replay.strategy
        left = self._without_network[~self._asked[self._without_network]]
        if strategy == EVERYTHING:
            return left
        if not self.replay.asked:
            return left[: self._plan.first]
        if strategy not in WITHOUT_NETWORK:
            answers = self._answers or self._learnt()
            pool = Pool(
                answers.member_probability[:, left],
                answers.embeddings[left],
                self._world.columns[left],
            )
            left = left[ranked(STRATEGIES[strategy](pool, self._rng))]
        return left[: self._plan.batch]

    def _learnt(self) -> Answers:
        """What the learner says after all that was asked so far."""
        label = np.where(self._asked, self._label_if_asked, 0)
        # Whatever the order was, the whole pool is learnt in the same way in the end.
        state = np.random.SeedSequence([self.replay.seed, len(self.replay.asked)])
        return self._learner.learn(label, int(state.generate_state(1)[0]))

    def _measured(self, answers: Answers) -> Point:
        world, asked, label = self._world, self._asked, self._label_if_asked
        probability = answers.member_probability[:, world.control].mean(axis=0)
        truth = world.manifest.label[world.control]
        right = probability.argmax(axis=1) + 1 == truth
        settled = label[asked & (label > 0)]
        classes = range(1, world.classes + 1)
        return Point(
            asked=len(self.replay.asked),
            votes=len(self.replay.asked) * self._plan.experts,
            settled=len(settled),
            right=int((asked & (label > 0) & (label == world.manifest.label)).sum()),
            settled_of_class=[int((settled == one).sum()) for one in classes],
            accuracy=float(right.mean()),
            confidence=float(probability.max(axis=1).mean()),
            recall=[
                float(right[truth == one].mean()) if (truth == one).any() else None
                for one in classes
            ],
        )
