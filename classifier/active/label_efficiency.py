"""How many votes an order of asking needs, from replays of labelling.

Target   the mean accuracy that the whole pool's labels give, and 98 % of it.
Curve    accuracy against votes, mean over the replays of a strategy, made monotone by isotonic
         regression (Barlow et al. 1972): of a noisy curve the first crossing would come too early.
Interval 95 %, of curves drawn with replacement, the same seeds for all strategies (bootstrap).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from classifier.active.acquisition import STRATEGIES
from classifier.active.replay import EVERYTHING, Replay

FORMAT = "asterism-label-efficiency/1"
BASELINE = "random"
SHARES = (1.0, 0.98)
"""Of the accuracy that the whole pool's labels give."""
DRAWS = 1000


@dataclass(frozen=True)
class Curves:
    """Accuracies of several replays (R) of each strategy at the same numbers of votes (V)."""

    votes: NDArray[np.float64]
    """(V,) rising."""
    accuracy: Mapping[str, NDArray[np.float64]]
    """(R, V) by strategy; row r has the same votes, and control sample, in all."""
    full: NDArray[np.float64]
    """(R,) learnt from the whole pool."""


@dataclass(frozen=True)
class Measured:
    """A number and its 95 % interval; None where the target was not reached."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Reached:
    """What one strategy needs for a share of the accuracy of the whole pool's labels."""

    share: float
    accuracy: float
    """The target."""
    votes: Measured
    ratio: Measured
    """To the votes that random order needs."""


@dataclass(frozen=True)
class Efficiency:
    """One strategy."""

    strategy: str
    replays: int
    half_way: float
    """Mean accuracy after half of all votes."""
    half_way_std: float | None
    reached: list[Reached]

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)


def curves(replays: Sequence[Replay]) -> Curves:
    """Replays of the same strategies, one a seed, side by side.

    Pools of slightly different sizes are brought to the votes of the smallest by interpolation.
    Raises ValueError where a strategy lacks a replay that another has.
    """
    by_strategy: dict[str, list[Replay]] = {}
    for replay in replays:
        by_strategy.setdefault(replay.strategy, []).append(replay)
    whole = by_strategy.pop(EVERYTHING, [])
    if any(len(found) != len(whole) for found in by_strategy.values()) or not by_strategy:
        raise ValueError("Every strategy needs a replay for each time that all labels were learnt.")
    shortest = min(replays, key=lambda replay: (replay.strategy == EVERYTHING, _votes(replay)[-1]))
    votes = _votes(shortest)
    return Curves(
        votes=votes,
        accuracy={
            strategy: np.array([np.interp(votes, _votes(one), _accuracy(one)) for one in found])
            for strategy, found in by_strategy.items()
        },
        full=np.array([replay.points[-1].accuracy for replay in whole]),
    )


def efficiencies(found: Curves, seed: int = 0) -> list[Efficiency]:
    """What each strategy needs, in the order of STRATEGIES; `seed` is of the intervals."""
    replays = len(found.full)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(replays, size=(DRAWS if replays > 1 else 0, replays))
    samples = np.concatenate([np.arange(replays)[None], drawn])
    half = int(np.searchsorted(found.votes, found.votes[-1] / 2))
    votes = {
        strategy: {share: _needed(found, strategy, share, samples) for share in SHARES}
        for strategy in STRATEGIES
        if strategy in found.accuracy
    }
    of_random = votes.get(BASELINE, {share: np.array([np.nan]) for share in SHARES})
    rows = []
    for strategy, by_share in votes.items():
        accuracy = found.accuracy[strategy][:, half]
        reached = [
            Reached(
                share,
                float(share * found.full.mean()),
                _measured(needed),
                _measured(needed / of_random[share]),
            )
            for share, needed in by_share.items()
        ]
        std = float(accuracy.std(ddof=1)) if replays > 1 else None
        rows.append(Efficiency(strategy, replays, float(accuracy.mean()), std, reached))
    return rows


def summary(found: Curves, rows: Sequence[Efficiency]) -> dict[str, Any]:
    """The report, as JSON values: what each strategy needs, and the curves."""
    return {
        "format": FORMAT,
        "votes": found.votes.tolist(),
        "full": found.full.tolist(),
        "accuracy": {strategy: curve.tolist() for strategy, curve in found.accuracy.items()},
        "strategies": [row.to_dict() for row in rows],
    }


def table(rows: Sequence[Efficiency]) -> str:
    """Markdown: a row a strategy, with the votes to each target and their ratio to random's."""
    targets = [
        f"{100 * reached.share:.0f} % ({100 * reached.accuracy:.1f} %)"
        for reached in rows[0].reached
    ]
    heads = [f"votes to {target} | ratio to random" for target in targets]
    lines = [
        f"| strategy | accuracy at half the votes | {' | '.join(heads)} |",
        f"|---|{'---:|' * (1 + 2 * len(targets))}",
    ]
    for row in rows:
        spread = "" if row.half_way_std is None else f" ± {100 * row.half_way_std:.1f}"
        cells = [f"{100 * row.half_way:.1f}{spread} %"]
        for reached in row.reached:
            cells += [_cell(reached.votes, ".0f"), _cell(reached.ratio, ".2f")]
        lines.append(f"| {row.strategy} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def crossing(votes: NDArray[np.float64], accuracy: NDArray[np.float64], target: float) -> float:
    """Votes at which a curve (V,), made monotone, reaches the target; NaN if it never does."""
    rising = isotonic_regression(accuracy).x
    reached = np.flatnonzero(rising >= target - 1e-9)
    if not len(reached):
        return float("nan")
    at = int(reached[0])
    if at == 0:
        return float(votes[0])
    share = (target - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(votes[at - 1] + share * (votes[at] - votes[at - 1]))


def _needed(
    found: Curves, strategy: str, share: float, samples: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Votes (S,) to a share of the full accuracy, of samples (S, R) of the replays."""
    return np.array(
        [
            crossing(
                found.votes,
                found.accuracy[strategy][rows].mean(axis=0),
                share * float(found.full[rows].mean()),
            )
            for rows in samples
        ]
    )


def _measured(values: NDArray[np.float64]) -> Measured:
    """The first of all replays, with the interval of the others; never reached counts as last."""
    drawn = np.where(np.isnan(values[1:]), np.inf, values[1:])
    interval = np.quantile(drawn, (0.025, 0.975), method="nearest") if len(drawn) else ()
    found = [float(x) if np.isfinite(x) else None for x in (values[0], *interval)]
    return Measured(*found) if len(found) == 3 else Measured(found[0], None, None)


def _cell(found: Measured, form: str) -> str:
    if found.value is None:
        return "not reached"
    if found.low is None:
        return f"{found.value:{form}}"
    high = "…" if found.high is None else f"{found.high:{form}}"
    return f"{found.value:{form}} ({found.low:{form}}–{high})"


def _votes(replay: Replay) -> NDArray[np.float64]:
    return np.array([point.votes for point in replay.points], dtype=float)


def _accuracy(replay: Replay) -> NDArray[np.float64]:
    return np.array([point.accuracy for point in replay.points])
