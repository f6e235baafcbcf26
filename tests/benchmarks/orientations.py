"""What eight orientations at prediction are worth: `make orientations` renews docs/figures.md.

Question    the same answers from one upright view of each stamp and from the mean over its eight
            upright orientations, right or wrong on sky that no training label shares.
Samples     simulated fields and the real stamps of M31, in folds by sky.
Networks    logistic heads on frozen features of EfficientNet-Lite0 (the features of one view, or
            their mean over eight), and whole networks of the quick preset, each predicting both
            ways.
Intervals   95 %, from a bootstrap over the folds, which share no sky.

var/orientations holds features and trainings, so what was interrupted goes on.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from classifier import PRESETS, Manifest, TrainingConfig, train
from classifier.active.imagenet_features import stored_features
from classifier.active.learners import HeadLearner
from classifier.core.atomic_files import write_atomically
from classifier.core.config import Preset
from classifier.core.statistics import cluster_bootstrap, percentile_interval
from classifier.data.stamps import StampWindow, read_chunks
from classifier.inference.batches import predict_batches
from classifier.inference.members import MemberNetworks
from tests.benchmarks import simulate, transfer

WORK = transfer.WORK.parent / "orientations"
PAGE = transfer.ROOT / "docs" / "figures.md"

FIELDS = 1
"""Simulated fields on which heads are compared; whole networks are on the first."""

FOLDS_OF_NETWORKS, MEMBERS = 5, 1
"""Of whole networks, for the time that they take. The views are averaged within each member."""

LABELS = (50, 200, None)
REPEATS = 3
"""Draws of the labels of a head, each with heads of its own."""

RESAMPLES = 2000

Answers = NDArray[np.bool_]
"""(n,) of the candidates of one fold: True where the class is right."""


@dataclass(frozen=True)
class Row:
    """Accuracy of one view and of eight, in a row of the table."""

    sample: str
    network: str
    labels: str
    candidates: int
    upright: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Tested:
    """The answers of one fold by both ways, a row for each repeat."""

    upright: NDArray[np.bool_]
    """(R, n)."""
    mean_of_eight: NDArray[np.bool_]
    """(R, n)."""


def compare(sample: str, network: str, labels: str, folds: list[Tested]) -> Row:
    """The difference over all folds, with its interval."""
    gain = [fold.mean_of_eight.mean(axis=0) - fold.upright.mean(axis=0) for fold in folds]
    sum_F, size_F = np.array([[gain_n.sum(), len(gain_n)] for gain_n in gain]).T
    samples = cluster_bootstrap(np.arange(len(folds)), RESAMPLES, np.random.default_rng(0))
    low, high = percentile_interval(
        np.array([sum_F[of_F].sum() / size_F[of_F].sum() for of_F in samples])
    )
    upright = np.concatenate([fold.upright.mean(axis=0) for fold in folds])
    return Row(
        sample,
        network,
        labels,
        len(upright),
        float(upright.mean()),
        float(sum_F.sum() / size_F.sum()),
        low,
        high,
    )


def head_rows(settings: list[simulate.Setting]) -> Iterator[Row]:
    """Heads on frozen features, by number of labels."""
    for number in LABELS:
        tested = []
        for setting in settings:
            learners = [_learner(setting, dihedral=dihedral) for dihedral in (False, True)]
            for manifest in simulate.folds(setting):
                tested.append(_test_heads(setting, manifest, learners, number))
        yield compare(settings[0].title, "heads on frozen features", _words(number), tested)


def _learner(setting: simulate.Setting, *, dihedral: bool) -> HeadLearner:
    config = replace(setting.config, dihedral=dihedral)
    name = "embeddings" if dihedral else "embeddings-upright"
    path = simulate.WORK / setting.name / f"{name}.safetensors"
    return HeadLearner(stored_features(setting.manifest, config, path), config.classes)


def _test_heads(
    setting: simulate.Setting, manifest: Manifest, learners: list[HeadLearner], number: int | None
) -> Tested:
    control, pool = manifest.labelled("control"), manifest.labelled("train")
    right: list[list[Answers]] = [[], []]
    for repeat in range(REPEATS):
        label = np.zeros_like(manifest.label)
        chosen = np.random.default_rng(repeat).permutation(pool)[: number or len(pool)]
        label[chosen] = manifest.label[chosen]
        for learner, of_learner in zip(learners, right, strict=True):
            p_MNK = learner.learn(label, repeat).member_probability
            answer_n = p_MNK[:, control].mean(axis=0).argmax(axis=1) + 1
            of_learner.append(answer_n == manifest.label[control])
    return Tested(np.array(right[0]), np.array(right[1]))


def network_rows(
    settings: list[simulate.Setting], configs: dict[str, TrainingConfig]
) -> Iterator[tuple[Row, float]]:
    """Whole networks, with all labels: the row, and how many times as long eight views take."""
    for name, config in configs.items():
        tested, seconds = [], np.zeros(2)
        for setting in settings:
            for fold, manifest in enumerate(islice(simulate.folds(setting), FOLDS_OF_NETWORKS)):
                result, spent = _test_network(
                    setting, manifest, replace(config, seed=fold), f"{name}-{fold}"
                )
                tested.append(result)
                seconds += spent
                sys.stdout.write(f"{setting.name} {name} {fold} {spent}\n")
                sys.stdout.flush()
        yield compare(settings[0].title, name, "all", tested), float(seconds[1] / seconds[0])


def _test_network(
    setting: simulate.Setting, manifest: Manifest, config: TrainingConfig, name: str
) -> tuple[Tested, list[float]]:
    folder = WORK / setting.name / "".join(filter(lambda c: c.isalnum() or c == "-", name))
    train(config, manifest, folder)
    control = manifest.labelled("control")
    truth_n = manifest.label[control]
    answers, seconds = [], []
    for dihedral in (False, True):
        # Training does not depend on this setting.
        begin = time.perf_counter()
        answer_n = _answers(folder, manifest, control, replace(config, dihedral=dihedral))
        seconds.append(time.perf_counter() - begin)
        answers.append((answer_n == truth_n)[None])
    return Tested(*answers), seconds


@torch.inference_mode()
def _answers(
    folder: Path, manifest: Manifest, positions: NDArray[np.int64], config: TrainingConfig
) -> NDArray[np.int64]:
    """Class (n,) of the candidates at `positions` by the mean probability of the members."""
    networks = MemberNetworks(folder, config, torch.device("cpu"))
    p_NK = np.zeros((len(manifest), config.classes))
    for chunk in read_chunks(manifest, positions, config, StampWindow.prediction(config)):
        for member in range(config.members):
            batches = predict_batches(networks[member], torch.from_numpy(chunk.pixels), config)
            p_NK[chunk.positions] += torch.cat([p_BK for _, p_BK in batches]).numpy()
    return np.asarray(p_NK[positions].argmax(axis=1) + 1)


def networks(setting: simulate.Setting) -> dict[str, TrainingConfig]:
    """The quick preset; on M31 those of docs/transfer.md that have learnt to tell the classes."""
    if setting.name != "m31":
        quick = replace(PRESETS[Preset.QUICK], members=MEMBERS, pretrained=False)
        return {"quick preset, ResNet18, random weights": quick}
    return {name: transfer.NETWORKS[name] for name in (transfer.LEARNT, transfer.TAUGHT)}


def table(rows: list[Row], times_longer: list[float]) -> str:
    """Markdown."""
    lines = [
        "| sample | network | labels | candidates | one view | gain of eight views, in points |",
        "|---|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.sample} | {row.network} | {row.labels} | {row.candidates} "
        f"| {100 * row.upright:.1f} % | {100 * row.difference:+.1f} ({100 * row.low:+.1f} to "
        f"{100 * row.high:+.1f}) |"
        for row in rows
    ]
    if times_longer:
        lines += [
            "",
            f"Prediction with eight views takes {min(times_longer):.1f} to "
            f"{max(times_longer):.1f} times as long.",
        ]
    return "\n".join([*lines, ""])


def _words(number: int | None) -> str:
    return "all" if number is None else str(number)


def main() -> None:
    """Compute what is missing, and renew the page's table."""
    WORK.mkdir(parents=True, exist_ok=True)
    samples: list[Callable[[], list[simulate.Setting]]] = [
        lambda: [simulate.field(number) for number in range(FIELDS)]
    ]
    if transfer.SOURCE.is_dir():
        samples.insert(0, lambda: [simulate.m31()])
    rows, times_longer = [], []
    for make in samples:
        settings = make()
        for row in head_rows(settings):
            rows.append(row)
            sys.stdout.write(f"{json.dumps(asdict(row))}\n")
        for row, times in network_rows(settings[:1], networks(settings[0])):
            rows.append(row)
            times_longer.append(times)
            sys.stdout.write(f"{json.dumps(asdict(row))}\n")
        sys.stdout.flush()
    page = transfer.renewed(
        PAGE.read_text(encoding="utf-8"), "orientations", table(rows, times_longer)
    )
    write_atomically(PAGE, page.encode())


if __name__ == "__main__":
    main()
