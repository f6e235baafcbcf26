"""The command line's verbs and options, and how their values are parsed."""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from math import inf, nan
from pathlib import Path

from classifier.active import replay
from classifier.active.acquisition import STRATEGIES
from classifier.core.config import PRESETS
from classifier.core.experiment_kinds import ExperimentKind
from classifier.core.pack_locations import parse_location

_EPILOG = """
A manifest is a CSV file with the columns candidate, field, catalogue_id, pack, row, split, label;
split is train or control, label is 1, 2, 3, 4 or empty. Packs are the .zarr folders that it names.

  python -m classifier train training.csv --packs packs --run run --preset quick
  python -m classifier predict training.csv --packs packs --run run --output predictions.csv
  python -m classifier evaluate training.csv --packs packs --run run --figures figures
  python -m classifier compare training.csv --packs packs --run run --other other
  python -m classifier experiment training.csv --packs packs --run folder --kind filters
  python -m classifier simulate training.csv --packs packs --run folder --seeds 5

Candidates whose stamps cannot be read have no row in predictions.csv; predictions.unreadable.csv
lists them with the reasons.

An experiment trains several runs that differ in one thing: crop-size, filters, fields (each left
out in turn), labels (a learning curve), architecture, or sources, which takes the training sets of
other label sources by --source NAME=FILE. Its folder gets report.json and the figures.

A simulation replays labelling with the labels as the true classes: simulated experts vote in the
order of each strategy, and accuracy on the control split is measured against the number of votes.

An interrupted command continues when it is started again, on any device. Several devices share a
run in one folder if each trains other members, as with `--members 0-4 --set device=cuda:0` and
`--members 5-9 --set device=cuda:1`. ImageNet weights are searched in the folder ASTERISM_WEIGHTS,
in the package that contains them, in torch's cache, then on PyTorch's server.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m classifier",
        description="Classify star-cluster candidates by their shapes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="|".join(_VERBS))
    for verb, (text, add_options) in _VERBS.items():
        command = verbs.add_parser(verb, help=text, description=text)
        command.add_argument("manifest", type=Path, help="CSV of candidates, packs and labels")
        command.add_argument(
            "--packs", type=parse_location, required=True, help="folder or URL of stamp packs"
        )
        command.add_argument("--run", type=Path, required=True, help="folder of the run")
        command.add_argument("--quiet", action="store_true", help="show no progress")
        add_options(command)
    return top


def _name_and_value(text: str) -> tuple[str, str]:
    """Split NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE.")
    return name, value


def _setting(text: str) -> tuple[str, object]:
    """Split NAME=VALUE; a value that is not JSON is a string."""
    name, value = _name_and_value(text)
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _named_file(text: str) -> tuple[str, Path]:
    """Split NAME=FILE."""
    name, path = _name_and_value(text)
    return name, Path(path)


def _member_numbers(text: str) -> list[int]:
    """Return the integers of a list such as 0,3-5."""
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise argparse.ArgumentTypeError(
                f"{text}: write numbers and rising ranges, as in 0,3-5."
            )
        numbers += range(first, last + 1)
    return numbers


def _temperature(text: str) -> float:
    """Return a positive finite number."""
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0 < value < inf:
        raise argparse.ArgumentTypeError(f"{text}: a temperature is a number above 0.")
    return value


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("--preset", choices=PRESETS, default="quick")
    command.add_argument(
        "--set",
        action="append",
        type=_setting,
        default=[],
        metavar="NAME=VALUE",
        help="replace a setting of the preset, such as seed=1 or batches=500; repeatable",
    )


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps")


def _add_split(command: argparse.ArgumentParser) -> None:
    command.add_argument("--split", choices=("control", "train"), default="control")


def _add_train(command: argparse.ArgumentParser) -> None:
    _add_config(command)
    command.add_argument(
        "--members",
        type=_member_numbers,
        metavar="0,3-5",
        help="train only these members of the run, counted from 0, as on several devices",
    )


def _add_predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", type=Path, required=True, help="CSV file to write")
    command.add_argument(
        "--embeddings",
        type=Path,
        metavar="FOLDER",
        help="also write the features that each member's last layer reads, as Zarr in float16",
    )
    command.add_argument(
        "--temperature",
        type=_temperature,
        metavar="T",
        help="write p^(1/T), and its entropy, for each probability p; evaluate prints the T",
    )
    _add_device(command)


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    _add_split(command)
    _add_device(command)
    command.add_argument("--figures", type=Path, help="folder for figures and their data")


def _add_compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("--other", type=Path, required=True, help="folder of the other run")
    _add_split(command)
    _add_device(command)


def _add_experiment(command: argparse.ArgumentParser) -> None:
    _add_config(command)
    command.add_argument("--kind", choices=[kind.value for kind in ExperimentKind], required=True)
    command.add_argument(
        "--source",
        action="append",
        type=_named_file,
        default=[],
        metavar="NAME=FILE",
        help="the training set of another label source, with --kind sources; repeatable",
    )


def _add_simulate(command: argparse.ArgumentParser) -> None:
    _add_config(command)
    settings = replay.ReplaySettings()
    command.add_argument(
        "--strategy", action="append", choices=STRATEGIES, help="repeatable; default: all"
    )
    command.add_argument("--seeds", type=int, default=5, help="replays of each strategy")
    command.add_argument(
        "--learner",
        choices=("head", "network"),
        default="head",
        help="head: linear layers on ImageNet features; network: a whole training in every round",
    )
    command.add_argument(
        "--experts", type=int, default=settings.experts, help="votes per candidate"
    )
    command.add_argument(
        "--first", type=int, default=settings.first, help="candidates before the first training"
    )
    command.add_argument(
        "--batch", type=int, default=settings.batch, help="candidates between two trainings"
    )
    command.add_argument("--rounds", type=int, help="most trainings; default: no limit")
    command.add_argument("--cold-start", choices=("spread", "random"), default=settings.cold_start)
    command.add_argument(
        "--people",
        choices=("paper", "perfect"),
        default=settings.people,
        help="paper: simulated experts agree as often as people do",
    )


_VERBS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "train": ("train an ensemble on the labels of the training split", _add_train),
    "predict": ("predict every candidate of a manifest, as CSV", _add_predict),
    "evaluate": ("compare a run with the labels of a split, as JSON", _add_evaluate),
    "compare": ("compare two runs on the labels of a split, as JSON", _add_compare),
    "experiment": ("train several runs that differ in one thing, and report", _add_experiment),
    "simulate": ("replay labelling in several orders, and count the votes needed", _add_simulate),
}
