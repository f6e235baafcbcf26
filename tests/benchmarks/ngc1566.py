"""The paper's experiment on a simulated NGC 1566: `make ngc1566` writes docs/ngc1566.md.

Positions, magnitudes and classes are real (LEGUS), pixels are simulated from them. The field is
imported as a user would, ensembles learn the classes on which the mode of three people settled, and
the control sample judges them. On a GPU the paper's two presets are trained in full; elsewhere they
are shortened, and the page says how. var/ngc1566 holds every network, so what was interrupted goes
on.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from report import home
from simulated_ngc1566 import CATALOGUE, COUNT, LABELS, ROOT, Site, simulated

from classifier import PRESETS, Evaluation, Manifest, Progress, TrainingConfig
from classifier.core.atomic_files import write_atomically
from classifier.core.published import PublishedRecall, published_recall
from classifier.core.statistics import Proportion
from classifier.evaluation import figures
from classifier.evaluation.figures import tables
from classifier.experiments import Arm, Outcome, run_arms

PAGE = ROOT / "docs" / "ngc1566.md"

SHORTENED = MappingProxyType(
    {
        "input_px": 64,
        "batches": 150,
        # So short a training needs longer steps.
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "members": 3,
    }
)
"""What one core of a CPU can do in half an hour."""


@dataclass(frozen=True)
class Network:
    """One ensemble to train."""

    name: str
    config: TrainingConfig
    paper: TrainingConfig
    """The paper's protocol for it."""
    compared_with: str
    """Backbone of the paper's figure beside it."""


def networks() -> Iterator[Network]:
    """The paper's two where there is a GPU, else two that a CPU can train."""
    first, second = PRESETS["paper-resnet18"], PRESETS["paper-vgg19bn"]
    if torch.cuda.is_available():
        yield Network("ResNet18", first, first, "resnet18")
        yield Network("VGG19-BN", second, second, "vgg19_bn")
        return
    short = replace(first, **SHORTENED)
    # Its ImageNet weights come with the package, where those of the paper's have to be downloaded;
    # its convolutions of single channels are twice as fast in float32 on a CPU.
    lite = replace(short, backbone="efficientnet_lite0", precision="float32")
    yield Network("EfficientNet-Lite0", lite, first, "resnet18")
    yield Network("ResNet18", short, first, "resnet18")


def imported() -> Site:
    """The field and its labels, made once."""
    folder = home() / "ngc1566" / "site"
    site = Site(folder)
    if not site.training_set.exists():
        shutil.rmtree(folder, ignore_errors=True)
        Site.make(folder).import_all(simulated(home() / "bench" / "ngc1566"))
        site.freeze_labels()
    return site


def page(outcomes: Sequence[tuple[Network, Outcome]], manifest: Manifest) -> str:
    """All of it in Markdown."""
    pool, control = (len(manifest.labelled(split)) for split in ("train", "control"))
    lines = [
        "# The paper's experiment on a simulated NGC 1566",
        "",
        "This page repeats Wei et al. 2020 from mosaics to confusion matrices; `make ngc1566` "
        "writes it.",
        f"Positions, magnitudes and classes are those of {COUNT} objects in the LEGUS catalogue",
        f"(class: {LABELS}). **The pixels are simulated from them, so this is no measurement",
        "of the real survey**: each object is drawn with the shape of its class, visible as far as "
        "it is",
        "bright enough. The labels are the mode of three people, so the paper's figures beside "
        "them are",
        "those of networks that learnt such labels (figure 3, lower row), in other galaxies; they "
        "are shown",
        "for the format, not as a goal.",
        f"The networks are trained on {pool} labels and measured on {control} others, the control "
        "sample.",
        "Intervals are Wilson's, 95 %. [Transfer](transfer.md) says why a network with ImageNet "
        "weights is",
        "not ahead here.",
        "",
        *_shortened([network for network, _ in outcomes]),
    ]
    for network, outcome in outcomes:
        lines += ["", *_chapter(network, outcome)]
    return "\n".join([*lines, ""])


def _shortened(trained: Sequence[Network]) -> list[str]:
    """Which settings are not the paper's."""
    rows = []
    for network in trained:
        ours, theirs = network.config.to_dict(), network.paper.to_dict()
        rows += [
            [network.name, f"`{name}`", str(theirs[name]), str(ours[name])]
            for name in ours
            if ours[name] != theirs[name]
        ]
    if not rows:
        return ["The training is not shortened: these are the paper's presets."]
    return [
        "The training is shortened for a CPU; all other settings are those of the paper's preset:",
        "",
        *_markdown([["network", "setting", "paper", "here"], *rows]),
    ]


def _chapter(network: Network, outcome: Outcome) -> list[str]:
    """One ensemble."""
    evaluation, training = outcome.evaluation, outcome.training
    paper = published_recall(network.compared_with, one_expert=False)
    entropy, guess = evaluation.entropy, np.log(network.config.classes)
    share, two = _members(evaluation)
    return [
        f"## {network.name}",
        "",
        f"{training.members} networks, {network.config.batches} batches of "
        f"{network.config.batch_size}, {training.seconds / 60:.0f} minutes on {training.device}.",
        _began(outcome),
        "",
        "Per cent of each true class (rows) by the networks' class (columns), mean ± standard",
        "deviation over the networks:",
        "",
        *_markdown(evaluation.confusion.as_table()),
        "",
        f"One network is right for {share} of the objects, and tells cluster (1+2) from the rest",
        f"(3+4) for {two}. The ensemble, by the networks' mean probability:",
        "",
        *_markdown(
            [
                ["class", "recall", "precision", f"paper, {paper.where}: recall of one network"],
                *_class_rows(evaluation, paper),
            ]
        ),
        "",
        f"Median entropy of the ensemble: {_nats(entropy.right_median)} where it is right,",
        f"{_nats(entropy.wrong_median)} where it is wrong; a uniform guess has {guess:.2f} nat.",
        "",
        f"![Entropy of right and wrong answers]({_drawn(network, evaluation)})",
    ]


def _began(outcome: Outcome) -> str:
    """What weights the networks started from."""
    if outcome.training.weights == "imagenet":
        return "They start from ImageNet weights."
    return (
        "They start from random weights, not from ImageNet weights as in the paper: the machine "
        "that\nwrote this page could not download them."
    )


def _drawn(network: Network, evaluation: Evaluation) -> str:
    """Draw the entropies beside the page, and all figures' data in var; returns the file's name."""
    name = f"ngc1566-{network.config.backbone.replace('_', '-')}"
    figure = figures.entropy_histogram(evaluation.entropy)
    folder = home() / "ngc1566"
    figures.save(figure, folder / name, tables.entropy_rows(evaluation.entropy))
    write_atomically(PAGE.with_name(f"{name}.svg"), (folder / f"{name}.svg").read_bytes())
    return f"{name}.svg"


def _class_rows(evaluation: Evaluation, paper: PublishedRecall) -> Iterator[list[str]]:
    """Each class, clusters, and all; the paper has figures of the single classes only."""
    for name, figures_of in evaluation.classes.items():
        shares = (figures_of.recall, figures_of.precision)
        yield [name, *map(_interval, shares), f"{100 * paper.recall[int(name) - 1]:.0f} %"]
    if (clusters := evaluation.clusters) and (both := evaluation.binary_accuracy):
        yield ["1+2", *map(_interval, (clusters.recall, clusters.precision)), ""]
        yield ["all, of two classes", _interval(both), "", ""]
    yield ["all, of four classes", _interval(evaluation.accuracy), "", ""]


def _interval(share: Proportion) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return (
        f"{100 * share.value:.1f} % ({100 * share.low:.1f}–{100 * share.high:.1f}; "
        f"{share.right} of {share.of})"
    )


def _members(evaluation: Evaluation) -> tuple[str, str]:
    """Accuracy of one network, over four classes and over two."""
    return (
        _plus_minus(evaluation.member_accuracy_mean, evaluation.member_accuracy_std),
        _plus_minus(evaluation.binary_member_accuracy_mean, evaluation.binary_member_accuracy_std),
    )


def _plus_minus(mean: float | None, std: float | None) -> str:
    if mean is None:
        return "–"
    return f"{100 * mean:.1f} %" if std is None else f"{100 * mean:.1f} ± {100 * std:.1f} %"


def _nats(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} nat"


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first row is its header."""
    head, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return [head, f"|---|{'---:|' * (len(rows[0]) - 1)}", *rest]


def main() -> None:
    """Train what is missing, and write the page."""
    if not CATALOGUE.is_file():
        sys.exit(f"{CATALOGUE} is not there; ASTERISM_DATA names the folder of the data.")
    site = imported()
    manifest = Manifest.read(site.training_set, site.packs)
    outcomes = []

    def show(progress: Progress) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{progress.stage} {progress.batch}/{progress.batches}")

    for network in networks():
        config = network.config
        # Shortened or in full: each in a folder of its own.
        arm = Arm(f"{config.backbone}-{config.batches}", config, manifest)
        outcome = run_arms([arm], home() / "ngc1566", show)[0]
        outcomes.append((network, outcome))
        sys.stdout.write(f"{network.name}: {_interval(outcome.evaluation.accuracy)}\n")
        sys.stdout.flush()
    write_atomically(PAGE, page(outcomes, manifest).encode())


if __name__ == "__main__":
    main()
