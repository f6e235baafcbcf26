"""What quantised stamps cost in accuracy: `make quantised` renews docs/quantised-stamps.md.

Question    the rest of this field: every candidate is classified by a network that learnt from the
            other folds of the same field. New sky is another question.
Samples     candidates of two simulated fields, and the real stamps of M31 in groups that share no
            sky.
Networks    EfficientNet-Lite0 with ImageNet weights: a logistic head on its features, several times
            with other folds; and the whole network, trained for as long as on docs/transfer.md.
Arms        stamps quantised with several dithers, shown to networks that learnt from lossless ones;
            networks that learnt from quantised ones; lossless ones with other folds or seeds, for
            the noise of a training; and steps COARSER times as large, a loss that must be seen.

var/quantised holds packs, features and trainings, so what was interrupted goes on.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from classifier import Manifest, predict, train
from classifier.active.imagenet_features import stored_features
from classifier.core.atomic_files import write_atomically
from classifier.core.statistics import PairedAccuracy, percentile_interval
from tests.benchmarks import transfer
from tests.benchmarks.quantised_samples import (
    COARSER,
    DITHERS,
    WORK,
    Sample,
    m31,
    rows_of,
    simulated,
)

PAGE = transfer.ROOT / "docs" / "quantised-stamps.md"

FOLDS, REPEATS, RESAMPLES = 5, 6, 4000
TRAINED_FOLDS, OTHER_SEED = 3, 100

SHOWN = "shown quantised"
LEARNT = "learnt from quantised"
AGAIN = "lossless again"
COARSE = [f"shown steps × {factor}" for factor in COARSER]

DETECTABLE = 1.96 + 0.84
"""Standard errors of a difference that is detected four times out of five."""

Probability = NDArray[np.float64]
"""(repeats, candidates, classes)."""
Features = NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """Probabilities of one arm, and those of lossless stamps by the reference."""

    arm: str
    probability: Probability
    lossless: Probability


@dataclass(frozen=True)
class Difference:
    """How the answers of one arm differ from those of lossless stamps."""

    arm: str
    candidates: int
    lossless_accuracy: float
    mean: float
    """Difference of accuracy over all repeats, with the interval of a bootstrap over groups."""
    low: float
    high: float
    detectable: float
    """Smallest difference that would be detected four times out of five."""
    changed: float
    """Share of the answers."""
    probability_rms: float
    first: PairedAccuracy
    """Of the first repeat."""


def by_heads(data: Sample) -> list[Comparison]:
    """Compare heads on frozen features; the repeats have other folds and dithers."""
    manifests = {
        "lossless": data.lossless,
        **{f"{dither}": m for dither, m in enumerate(data.quantised)},
        **{f"coarse-{factor}": m for factor, m in zip(COARSER, data.coarse, strict=True)},
    }
    config = replace(data.config, precision="float32")
    features = {
        name: stored_features(manifest, config, data.folder / f"features-{name}.safetensors")
        for name, manifest in manifests.items()
    }
    label = data.lossless.label
    usable = np.isfinite(features["lossless"]).all(axis=1)
    shape = 3 + len(COARSER), REPEATS, len(label), data.config.classes
    lossless, shown, learnt, *coarse = np.full(shape, np.nan)
    for repeat in range(REPEATS):
        quantised = features[str(repeat % DITHERS)]
        for fold in data.folds(FOLDS, repeat):
            train, test = (rows[usable[rows]] for rows in fold)
            head = make_head().fit(features["lossless"][train], label[train])
            lossless[repeat, test] = head.predict_proba(features["lossless"][test])
            shown[repeat, test] = head.predict_proba(quantised[test])
            for factor, answers in zip(COARSER, coarse, strict=True):
                answers[repeat, test] = head.predict_proba(features[f"coarse-{factor}"][test])
            head = make_head().fit(quantised[train], label[train])
            learnt[repeat, test] = head.predict_proba(quantised[test])
    for name in ("0", *(f"coarse-{factor}" for factor in COARSER)):
        shift = feature_shift(features[name][usable], features["lossless"][usable])
        sys.stdout.write(f"{data.name}, features of {name}: {100 * shift:.1f} % of their spread\n")
    return [
        Comparison(SHOWN, shown, lossless),
        Comparison(LEARNT, learnt, lossless),
        Comparison(AGAIN, lossless[1::2], lossless[::2]),
        *(Comparison(arm, answers, lossless) for arm, answers in zip(COARSE, coarse, strict=True)),
    ]


def make_head() -> Pipeline:
    """A classifier of features (n, F) with few free parameters."""
    head = LogisticRegression(C=0.1, max_iter=500)
    return make_pipeline(StandardScaler(), PCA(64, random_state=0), head)


def feature_shift(features: Features, lossless: Features) -> float:
    """Root mean square of the changes, in that of the differences from the mean candidate."""
    changes, spread = features - lossless, lossless - lossless.mean(axis=0)
    return float(np.linalg.norm(changes) / np.linalg.norm(spread))


def by_networks(data: Sample) -> list[Comparison]:
    """Compare whole networks; the repeats have other dithers and seeds."""
    manifests = [data.lossless, *data.quantised, *data.coarse]
    first, second = (
        trained(data, name, data.lossless, seed, manifests)
        for name, seed in (("lossless", 0), ("other-seed", OTHER_SEED))
    )
    learnt = trained(data, "quantised", data.quantised[0], 0, data.quantised[:1])
    both = np.stack([first[0], second[0]])
    first_shown, second_shown = first[1 : 1 + DITHERS], second[1 : 1 + DITHERS]
    coarse = np.stack([first, second], axis=1)[1 + DITHERS :]
    return [
        Comparison(
            SHOWN, np.concatenate([first_shown, second_shown]), np.repeat(both, DITHERS, axis=0)
        ),
        Comparison(LEARNT, learnt, both),
        Comparison(AGAIN, second[:1], first[:1]),
        *(Comparison(arm, answers, both) for arm, answers in zip(COARSE, coarse, strict=True)),
    ]


def trained(
    data: Sample, name: str, manifest: Manifest, first_seed: int, shown: list[Manifest]
) -> Probability:
    """Probabilities (shown, n, K) by the networks of each fold, which learnt from `manifest`."""
    answers = np.full((len(shown), len(manifest), data.config.classes), np.nan)
    for fold, (train_rows, test_rows) in enumerate(data.folds(TRAINED_FOLDS, 0)):
        config = replace(data.config, seed=first_seed + fold)
        folder = data.folder / f"{name}-{fold}"
        training = train(config, rows_of(manifest, train_rows), folder)
        sys.stdout.write(f"{data.name}, {folder.name}: {training.seconds:.0f} s\n")
        sys.stdout.flush()
        for k, other in enumerate(shown):
            predictions = predict(folder, rows_of(other, test_rows))
            usable = predictions.missing_bands <= config.max_missing_bands
            rows = np.isin(other.candidate, predictions.candidate[usable])
            answers[k, rows] = predictions.probability[usable]
    return answers


def difference(arm: Comparison, data: Sample) -> Difference:
    """Compare the answers of one arm with those of lossless stamps."""
    probability, reference = np.broadcast_arrays(arm.probability, arm.lossless)
    usable = np.isfinite(probability + reference).all(axis=(0, 2))
    probability, reference = probability[:, usable], reference[:, usable]
    answer, other = probability.argmax(axis=2), reference.argmax(axis=2)
    truth = data.lossless.label[usable] - 1
    right, other_right = answer == truth, other == truth
    gain = (right.astype(float) - other_right).mean(axis=0)
    draws = bootstrap_means(gain, data.groups[usable])
    return Difference(
        arm.arm,
        int(usable.sum()),
        float(other_right.mean()),
        float(gain.mean()),
        *percentile_interval(draws),
        float(DETECTABLE * draws.std()),
        float((answer != other).mean()),
        float(np.sqrt(np.mean(np.square(probability - reference)))),
        PairedAccuracy.measure(right[0], other_right[0]),
    )


def bootstrap_means(values: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Means (RESAMPLES,) of values (n,) whose groups are drawn with replacement."""
    _, group = np.unique(groups, return_inverse=True)
    total, size = np.bincount(group, values), np.bincount(group)
    rng = np.random.default_rng(0)
    times = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), RESAMPLES)
    return np.asarray((times @ total) / (times @ size))


def table(name: str, results: list[tuple[str, Difference]]) -> str:
    """All arms of one sample."""
    lines = [
        f"{name}, {results[0][1].candidates} candidates:",
        "",
        "| Network | Arm | Lossless | Difference | Detectable | First repeat | Changed | Moved |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for network, d in results:
        first = points(d.first.difference, d.first.low, d.first.high)
        lines.append(
            f"| {network} | {d.arm} | {100 * d.lossless_accuracy:.1f} "
            f"| {points(d.mean, d.low, d.high)} | {100 * d.detectable:.2f} | {first} "
            f"| {100 * d.changed:.1f} % | {d.probability_rms:.3f} |"
        )
    return "\n".join([*lines, ""])


def points(difference: float | None, low: float | None, high: float | None) -> str:
    """A difference of accuracy in percentage points, and its interval."""
    value, *ends = (
        f"{100 * (share or 0):+.2f}".replace("-", "−") for share in (difference, low, high)
    )
    return f"{value} ({' to '.join(ends)})"


def main() -> None:
    """Compute what is missing, and renew the page's tables."""
    if not transfer.SOURCE.is_dir():
        sys.exit(f"{transfer.SOURCE} is not there; ASTERISM_DATA names the folder above it.")
    tables, figures = [], []
    for data in (m31(), simulated()):
        # Small matrices: several threads would wait for each other.
        with threadpool_limits(1):
            arms = [("head", arm) for arm in by_heads(data)]
        arms += [("whole network", arm) for arm in by_networks(data)]
        results = [(network, difference(arm, data)) for network, arm in arms]
        tables.append(table(data.name, results))
        figures += [{"sample": data.name, "network": n, **asdict(d)} for n, d in results]
        sys.stdout.write(tables[-1])
        sys.stdout.flush()
    write_atomically(WORK / "result.json", json.dumps(figures, indent=1).encode())
    page = transfer.renewed(PAGE.read_text(encoding="utf-8"), "tables", "\n".join(tables))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
