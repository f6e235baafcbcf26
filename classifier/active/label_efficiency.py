"""Measure how many votes an order of labelling needs, from replays of labelling.

Shapes   R replays of a strategy, V numbers of votes, S bootstrap samples.
Target   the mean accuracy that the labels of the whole pool give, and 98 % of it.
Curve    accuracy against votes, mean over the replays of a strategy, made monotone by isotonic
         regression (Barlow et al. 1972): a noisy curve would cross the target too early.
Interval 95 %, by bootstrap over control samples with all replays of each, the same for all
         strategies; with one control sample over its replays, and then the interval says nothing of
         other candidates. Below five control samples intervals are too narrow. A target that is not
         reached counts as infinitely many votes. A ratio to random is undefined where random does
         not reach the target; the number of such samples is given, and `classifier.core.statistics`
         says how many an interval allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from classifier.active.acquisition import STRATEGIES
from classifier.active.replay import WHOLE_POOL, Replay
from classifier.core.statistics import cluster_bootstrap, count_undefined, percentile_interval

FORMAT = "asterism-label-efficiency/1"

BASELINE = "random"
"""Strategy that the others are compared with."""

TARGET_SHARES = (1.0, 0.98)
"""Targets, as shares of the accuracy that the labels of the whole pool give."""

BOOTSTRAP_SAMPLES = 1000


@dataclass(frozen=True)
class EfficiencyCurves:
    """Accuracy of the replays of each strategy at the same numbers of votes."""

    votes: NDArray[np.float64]
    """(V,) rising."""
    accuracy: Mapping[str, NDArray[np.float64]]
    """(R, V) by strategy; the same row has the same votes and control sample in all."""
    full: NDArray[np.float64]
    """(R,) accuracy with the labels of the whole pool."""
    sample: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(R,) number of the control sample of each replay; empty if all share one."""


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; None if the target was not reached, or if it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    undefined: int = 0
    """Number of bootstrap samples in which it is undefined."""


@dataclass(frozen=True)
class TargetVotes:
    """The votes that one strategy needs to reach a target."""

    share: float
    """The target as a share of the accuracy of the whole pool's labels."""
    accuracy: float
    """The target."""
    votes: Estimate
    ratio: Estimate
    """To the votes that random order needs."""


@dataclass(frozen=True)
class Efficiency:
    """The label efficiency of one strategy."""

    strategy: str
    replays: int
    half_way: float
    """Mean accuracy after half of all votes."""
    half_way_std: float | None
    """Over the replays; None for one."""
    half_way_gain: Estimate
    """Mean accuracy after half of all votes, less that of random order on the same replays."""
    reached: list[TargetVotes]

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return asdict(self)


def efficiency_curves(replays: Sequence[Replay]) -> EfficiencyCurves:
    """Return the curves of replays of the same strategies and seeds.

    Pools of slightly different sizes are interpolated to the votes of the smallest. Raises
    ValueError if a strategy lacks a replay that another has.
    """
    by_strategy: dict[str, list[Replay]] = {}
    for replay in replays:
        by_strategy.setdefault(replay.strategy, []).append(replay)
    whole_pool = by_strategy.pop(WHOLE_POOL, [])
    counts = {len(same_strategy) for same_strategy in by_strategy.values()}
    if counts != {len(whole_pool)}:
        raise ValueError("Every strategy needs one replay for each replay of the whole pool.")
    shortest = min(replays, key=lambda replay: (replay.strategy == WHOLE_POOL, _votes(replay)[-1]))
    votes_V = _votes(shortest)
    return EfficiencyCurves(
        votes=votes_V,
        accuracy={
            strategy: np.array(
                [np.interp(votes_V, _votes(replay), _accuracy(replay)) for replay in same_strategy]
            )
            for strategy, same_strategy in by_strategy.items()
        },
        full=np.array([replay.points[-1].accuracy for replay in whole_pool]),
        sample=np.unique([replay.sample for replay in whole_pool], return_inverse=True)[1],
    )


def efficiencies(curves: EfficiencyCurves, seed: int = 0) -> list[Efficiency]:
    """Return the efficiency of each strategy, in the order of STRATEGIES.

    `seed` is that of the bootstrap samples.
    """
    replays = len(curves.full)
    sample_R = curves.sample if len(curves.sample) else np.zeros(replays, dtype=np.int64)
    count = BOOTSTRAP_SAMPLES if replays > 1 else 0
    draws = cluster_bootstrap(sample_R, count, np.random.default_rng(seed))
    # the replays themselves first, then the samples
    samples = [np.arange(replays), *draws]
    half = int(np.searchsorted(curves.votes, curves.votes[-1] / 2))
    votes = {
        strategy: {
            share: _votes_needed(curves, strategy, share, samples) for share in TARGET_SHARES
        }
        for strategy in STRATEGIES
        if strategy in curves.accuracy
    }
    baseline = votes.get(BASELINE, {share: np.array([np.inf]) for share in TARGET_SHARES})
    rows = []
    for strategy, by_share in votes.items():
        accuracy_R = curves.accuracy[strategy][:, half]
        targets = [
            TargetVotes(
                share,
                float(share * curves.full.mean()),
                _estimate(votes_S),
                _estimate(_ratio(votes_S, baseline[share])),
            )
            for share, votes_S in by_share.items()
        ]
        std = float(accuracy_R.std(ddof=1)) if replays > 1 else None
        gain = _estimate(_half_way_gain(curves, strategy, half, samples))
        rows.append(Efficiency(strategy, replays, float(accuracy_R.mean()), std, gain, targets))
    return rows


def _half_way_gain(
    curves: EfficiencyCurves, strategy: str, half: int, samples: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Return the gain (S,) over random order at one number of votes; NaN without random order."""
    if BASELINE not in curves.accuracy:
        return np.full(len(samples), np.nan)
    gain_R = curves.accuracy[strategy][:, half] - curves.accuracy[BASELINE][:, half]
    return np.array([gain_R[drawn].mean() for drawn in samples])


def efficiency_report(curves: EfficiencyCurves, rows: Sequence[Efficiency]) -> dict[str, Any]:
    """Return the curves and the votes that each strategy needs, as JSON values."""
    return {
        "format": FORMAT,
        "votes": curves.votes.tolist(),
        "full": curves.full.tolist(),
        "accuracy": {strategy: curve.tolist() for strategy, curve in curves.accuracy.items()},
        "strategies": [row.to_dict() for row in rows],
    }


def efficiency_table(rows: Sequence[Efficiency]) -> str:
    """Return a Markdown table: the votes to each target, and their ratio to random's."""
    targets = [
        f"{100 * target.share:.0f} % ({100 * target.accuracy:.1f} %)" for target in rows[0].reached
    ]
    heads = [f"votes to {target} | ratio to random" for target in targets]
    lines = [
        "| strategy | accuracy at half the votes | gain over random, points | "
        f"{' | '.join(heads)} |",
        f"|---|{'---:|' * (2 + 2 * len(targets))}",
    ]
    for row in rows:
        std = "" if row.half_way_std is None else f" ± {100 * row.half_way_std:.1f}"
        cells = [f"{100 * row.half_way:.1f}{std} %", _gain_cell(row)]
        for target in row.reached:
            undefined = target.votes.value is not None and target.ratio.value is None
            ratio = f"{BASELINE} not reached" if undefined else _cell(target.ratio, ".2f")
            cells += [_cell(target.votes, ".0f"), ratio]
        lines.append(f"| {row.strategy} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def crossing(votes_V: NDArray[np.float64], accuracy_V: NDArray[np.float64], target: float) -> float:
    """Return the votes at which a curve, made monotone, reaches the target; NaN if never."""
    rising_V = isotonic_regression(accuracy_V).x
    above = np.flatnonzero(rising_V >= target - 1e-9)
    if not len(above):
        return float("nan")
    first = int(above[0])
    if first == 0:
        return float(votes_V[0])
    share = (target - rising_V[first - 1]) / (rising_V[first] - rising_V[first - 1])
    return float(votes_V[first - 1] + share * (votes_V[first] - votes_V[first - 1]))


def _votes_needed(
    curves: EfficiencyCurves, strategy: str, share: float, samples: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Return the votes (S,) to a share of the full accuracy, for S samples of replays.

    Infinite where they do not reach it.
    """
    votes_S = np.array(
        [
            crossing(
                curves.votes,
                curves.accuracy[strategy][drawn].mean(axis=0),
                share * float(curves.full[drawn].mean()),
            )
            for drawn in samples
        ]
    )
    return np.where(np.isnan(votes_S), np.inf, votes_S)


def _ratio(votes_S: NDArray[np.float64], baseline_S: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ratio (S,) to the baseline's votes; NaN where these are infinite."""
    return np.where(np.isinf(baseline_S), np.nan, votes_S / baseline_S.clip(max=1e300))


def _estimate(values_S: NDArray[np.float64]) -> Estimate:
    """Return the first value, with the interval of the others."""
    ends = percentile_interval(values_S[1:], "nearest")
    value, low, high = (float(x) if np.isfinite(x) else None for x in (values_S[0], *ends))
    return Estimate(value, low, high, undefined=count_undefined(values_S[1:]))


def _gain_cell(row: Efficiency) -> str:
    gain = row.half_way_gain
    if row.strategy == BASELINE or gain.value is None:
        return "–"
    interval = (
        ""
        if gain.low is None or gain.high is None
        else f" ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    )
    return f"{100 * gain.value:+.1f}{interval}"


def _cell(estimate: Estimate, form: str) -> str:
    if estimate.value is None:
        return "not reached"
    notes = []
    if estimate.low is not None:
        high = "…" if estimate.high is None else f"{estimate.high:{form}}"
        notes.append(f"{estimate.low:{form}}–{high}")
    if estimate.undefined:
        notes.append(f"{estimate.undefined} of {BOOTSTRAP_SAMPLES} samples undefined")
    return f"{estimate.value:{form}}" + (f" ({'; '.join(notes)})" if notes else "")


def _votes(replay: Replay) -> NDArray[np.float64]:
    return np.array([point.votes for point in replay.points], dtype=float)


def _accuracy(replay: Replay) -> NDArray[np.float64]:
    return np.array([point.accuracy for point in replay.points])
