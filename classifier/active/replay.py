"""Replay labelling with known classes, to measure what an order of labelling is worth.

Simulated experts vote on candidates whose true class is known. A learner is trained on the majority
of their votes and ranks the rest of the pool; the experts vote on the first of it next. After each
round the learner's accuracy is measured on the control sample, against the true classes.

Each replay (strategy and seed) is one JSON file, written atomically after every round, and
continues from it after an interruption. Replays of one seed share the votes on a candidate.

Shapes   N candidates of a manifest, P of the pool, C columns; labels (N,) are 1 to K, or 0 where
         the votes give none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from classifier.active import photometry, simulated_experts
from classifier.active.acquisition import STRATEGIES, WITHOUT_NETWORK, Pool, ranked
from classifier.active.learners import Learner, LearnerPredictions
from classifier.core.config import TrainingConfig
from classifier.core.training_set import UNLABELLED, Manifest
from classifier.data.stamps import has_enough_bands
from classifier.training import checkpoints
from classifier.training.checkpoints import RunError

FORMAT = "asterism-replay/1"

WHOLE_POOL = "all"
"""Name, among the strategies, of the baseline that labels the whole pool at once."""


@dataclass(frozen=True)
class ReplaySettings:
    """Settings of a simulation of experts; the same for all strategies."""

    experts: int = 3
    """Votes on each candidate; a tie gives no label."""
    first: int = 50
    """Candidates before the first training."""
    batch: int = 50
    """Candidates between two trainings."""
    rounds: int | None = None
    """Most trainings; None: until the pool is empty."""
    cold_start: Literal["spread", "random"] = "random"
    """How the first candidates are chosen for strategies that need a network."""
    people: Literal["paper", "perfect"] = "paper"
    """paper: experts agree as often as people do; perfect: each vote is the true class."""

    def __post_init__(self) -> None:
        """Raise ValueError for settings that cannot be replayed."""
        for name in ("experts", "first", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}.")


@dataclass(frozen=True)
class ReplayPoint:
    """The learner after one round."""

    candidates: int
    """Candidates with votes; `asked` in files."""
    votes: int
    settled: int
    """Candidates whose votes gave a label, which the learner is trained on."""
    right: int
    """Of those, with the true class."""
    settled_of_class: list[int]
    """Number of those per label, in the order of the classes."""
    accuracy: float
    """Share of right answers on the control sample."""
    confidence: float
    """Mean probability of the answers; above the accuracy, the learner is overconfident."""
    recall: list[float | None]
    """By true class; None for a class that the control sample lacks."""

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        values = asdict(self)
        return {"asked": values.pop("candidates"), **values}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the point with the values of `to_dict`."""
        values = dict(stored)
        return cls(candidates=values.pop("asked"), **values)


@dataclass(frozen=True)
class ReplayData:
    """Candidates with known classes: a pool to label, and a control sample to measure on."""

    manifest: Manifest
    """Its labels are the true classes; the split train is the pool, control the sample."""
    columns: NDArray[np.float64]
    """(N, C) magnitude, colour, concentration index; NaN where one is missing."""
    classes: int
    pool: NDArray[np.int64] = field(init=False)
    """(P,) positions in the manifest."""
    control: NDArray[np.int64] = field(init=False)
    """Positions of the control sample."""

    def __post_init__(self) -> None:
        """Select both. Raises ValueError if one is empty or a label is above `classes`."""
        for split, name in (("train", "pool"), ("control", "control")):
            positions = self.manifest.labelled(split)
            if not len(positions):
                raise ValueError(f"The manifest has no labelled candidates in the split {split}.")
            object.__setattr__(self, name, positions)
        if self.manifest.label.max() > self.classes:
            raise ValueError(f"The manifest has labels above {self.classes}, the learner has not.")

    @classmethod
    def from_manifest(cls, manifest: Manifest, config: TrainingConfig) -> Self:
        """Return the candidates that can be trained on, with columns measured on their stamps."""
        usable_N = has_enough_bands(manifest, config)
        usable = manifest.changed(label=np.where(usable_N, manifest.label, UNLABELLED))
        return cls(usable, photometry.measure_columns(manifest, config.bands), config.classes)


@dataclass
class Replay:
    """The progress of one strategy with one seed."""

    strategy: str
    seed: int
    candidates: list[int] = field(default_factory=list)
    """Ids of the candidates with votes, in the order of labelling."""
    points: list[ReplayPoint] = field(default_factory=list)
    sample: str = ""
    """Fingerprint of its pool and control sample: replays of one sample depend on each other."""

    def to_dict(self) -> dict[str, Any]:
        """Return the progress as JSON values."""
        return {"asked": self.candidates, "points": [point.to_dict() for point in self.points]}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Continue from the values of `to_dict`."""
        self.candidates = stored["asked"]
        self.points = [ReplayPoint.from_dict(point) for point in stored["points"]]


RoundCallback = Callable[[Replay], None]
"""Called after every round."""


def simulate(
    data: ReplayData,
    learner: Learner,
    settings: ReplaySettings,
    directory: Path,
    *,
    strategies: Sequence[str] = tuple(STRATEGIES),
    seeds: Sequence[int] = range(5),
    on_round: RoundCallback = lambda _: None,
) -> list[Replay]:
    """Replay each strategy and the baseline of the whole pool with each seed, into `directory`.

    Raises RunError if the folder holds other replays.
    """
    directory.mkdir(parents=True, exist_ok=True)
    replays = [
        Replay(strategy, seed, sample=data.manifest.sha256)
        for seed in seeds
        for strategy in (WHOLE_POOL, *strategies)
    ]
    return [
        _complete(_Labelling(data, learner, settings, replay), directory, on_round)
        for replay in replays
    ]


def _complete(labelling: "_Labelling", directory: Path, on_round: RoundCallback) -> Replay:
    """Run a replay to its end, from the rounds in its file."""
    replay = labelling.replay
    path = directory / f"{replay.strategy}-{replay.seed}.json"
    identity = labelling.identity
    if path.exists():
        stored = checkpoints.read_json(path)
        if any(stored.get(name) != value for name, value in identity.items()):
            raise RunError(f"{path} is another replay: simulate into an empty folder.")
        replay.restore(stored)
    while not labelling.is_complete:
        labelling.run_round()
        checkpoints.write_json(path, identity | replay.to_dict())
        on_round(replay)
    return replay


class _Labelling:
    """A replay in progress."""

    def __init__(
        self, data: ReplayData, learner: Learner, settings: ReplaySettings, replay: Replay
    ) -> None:
        self.replay = replay
        self._data, self._learner, self._settings = data, learner, settings
        self._rng = np.random.default_rng([replay.seed, 1])
        self._predictions: LearnerPredictions | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides the result, as JSON values."""
        settings = asdict(self._settings)
        return {
            "format": FORMAT,
            "strategy": self.replay.strategy,
            "seed": self.replay.seed,
            "plan": {name: value for name, value in settings.items() if name != "rounds"},
            "learner": self._learner.identity,
            "manifest_sha256": self._data.manifest.sha256,
        }

    @property
    def is_complete(self) -> bool:
        """True if the pool is empty or the last round is over."""
        rounds = 1 if self.replay.strategy == WHOLE_POOL else self._settings.rounds
        last = rounds is not None and len(self.replay.points) >= rounds
        return last or len(self.replay.candidates) >= len(self._data.pool)

    def run_round(self) -> None:
        """Label a batch, train and measure."""
        batch = self._next_batch()
        self.replay.candidates += self._data.manifest.candidate[batch].tolist()
        self._predictions = self._train()
        self.replay.points.append(self._measure(self._predictions))

    @cached_property
    def _label_N(self) -> NDArray[np.int64]:
        """The label (N,) that the votes on each candidate of the pool give; 0 for none."""
        data, settings = self._data, self._settings
        label_N = np.zeros(len(data.manifest), dtype=np.int64)
        truth_P = data.manifest.label[data.pool]
        if settings.people == "perfect":
            label_N[data.pool] = truth_P
            return label_N
        confusion_KK = simulated_experts.expert_confusion(data.classes)
        # By the seed alone: all strategies get the same votes on a candidate.
        rng = np.random.default_rng([self.replay.seed, 0])
        votes_PE = simulated_experts.cast_votes(truth_P, confusion_KK, settings.experts, rng)
        label_N[data.pool] = simulated_experts.majority_labels(votes_PE, data.classes)
        return label_N

    @cached_property
    def _initial_order(self) -> NDArray[np.int64]:
        """Positions (P,) of the pool in the order of a strategy without a network."""
        strategy = self.replay.strategy
        first = strategy if strategy in WITHOUT_NETWORK else self._settings.cold_start
        columns_PC = self._data.columns[self._data.pool]
        no_features = np.empty((len(columns_PC), 0), dtype=np.float32)
        pool = Pool(np.empty((0, len(columns_PC), 0)), no_features, columns_PC)
        return self._data.pool[ranked(STRATEGIES[first](pool, self._rng))]

    @property
    def _voted_N(self) -> NDArray[np.bool_]:
        """True for candidates (N,) with votes."""
        return np.isin(self._data.manifest.candidate, self.replay.candidates)

    def _next_batch(self) -> NDArray[np.int64]:
        """Return the positions of the next candidates to label."""
        strategy = self.replay.strategy
        remaining = self._initial_order[~self._voted_N[self._initial_order]]
        if strategy == WHOLE_POOL:
            return remaining
        if not self.replay.candidates:
            return remaining[: self._settings.first]
        if strategy not in WITHOUT_NETWORK:
            predictions = self._predictions or self._train()
            pool = Pool(
                predictions.member_probability[:, remaining],
                predictions.embeddings[remaining],
                self._data.columns[remaining],
            )
            remaining = remaining[ranked(STRATEGIES[strategy](pool, self._rng))]
        return remaining[: self._settings.batch]

    def _train(self) -> LearnerPredictions:
        """Train the learner on all labels so far."""
        label_N = np.where(self._voted_N, self._label_N, 0)
        # Not by the strategy: with the whole pool, all strategies end in the same training.
        state = np.random.SeedSequence([self.replay.seed, len(self.replay.candidates)])
        return self._learner.learn(label_N, int(state.generate_state(1)[0]))

    def _measure(self, predictions: LearnerPredictions) -> ReplayPoint:
        """Measure the labels so far, and the learner on the control sample of n candidates."""
        data, voted_N, label_N = self._data, self._voted_N, self._label_N
        # (M, n, K) -> (n, K)
        p_nK = predictions.member_probability[:, data.control].mean(axis=0)
        truth_n = data.manifest.label[data.control]
        right_n = p_nK.argmax(axis=1) + 1 == truth_n
        settled_N = voted_N & (label_N > 0)
        classes = range(1, data.classes + 1)
        return ReplayPoint(
            candidates=len(self.replay.candidates),
            votes=len(self.replay.candidates) * self._settings.experts,
            settled=int(settled_N.sum()),
            right=int((settled_N & (label_N == data.manifest.label)).sum()),
            settled_of_class=[int((label_N[settled_N] == label).sum()) for label in classes],
            accuracy=float(right_n.mean()),
            confidence=float(p_nK.max(axis=1).mean()),
            recall=[
                float(right_n[truth_n == label].mean()) if (truth_n == label).any() else None
                for label in classes
            ],
        )
