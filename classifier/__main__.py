"""Train, predict, evaluate and experiment from a shell: `python -m classifier --help`."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import classifier
from classifier import experiments, files, label_efficiency, reporting, simulation
from classifier.acquisition import STRATEGIES
from classifier.config import PRESETS
from classifier.imagenet import embed_once
from classifier.learners import Head, Learner, Network
from classifier.prediction import read_config

_EPILOG = """
A manifest is a CSV file with the columns candidate, field, catalogue_id, pack, row, split, label;
split is train or control, label is 1, 2, 3, 4 or empty. Packs are the .zarr folders that it names.

  python -m classifier train training.csv --packs packs --run run --preset quick
  python -m classifier predict training.csv --packs packs --run run --output predictions.csv
  python -m classifier evaluate training.csv --packs packs --run run --figures figures
  python -m classifier compare training.csv --packs packs --run run --other other
  python -m classifier experiment training.csv --packs packs --run folder --kind filters
  python -m classifier simulate training.csv --packs packs --run folder --seeds 5

Candidates whose stamps cannot be read are in no row of predictions.csv: predictions.unreadable.csv
lists them with the reasons.

An experiment trains several runs that differ in one thing: crop-size, filters, fields (each left
out in turn), labels (a learning curve), architecture, or sources, which takes the training sets of
other label sources by --source NAME=FILE. Its folder gets report.json and the figures.

A simulation takes the labels for the truth and replays labelling: simulated experts vote, in the
order of each strategy, and accuracy on the control split is measured against the number of votes.

What was interrupted goes on where it was when it is started again, on any device. Several devices
share a run in one folder if each is given members of its own, as with `--members 0-4 --set
device=cuda:0` and `--members 5-9 --set device=cuda:1`. ImageNet weights are looked for
in the folder ASTERISM_WEIGHTS, in the package that ships them, in torch's cache, then on PyTorch's
server.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m classifier",
        description="Classify star-cluster candidates by their shapes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="|".join(_RUN))
    for verb, text in (
        ("train", "train an ensemble on the labels of the training split"),
        ("predict", "classify every candidate of a manifest, as CSV"),
        ("evaluate", "compare a run with the labels of a split, as JSON"),
        ("compare", "compare two runs on the labels of a split, as JSON"),
        ("experiment", "train several runs that differ in one thing, and report on them"),
        ("simulate", "replay labelling in several orders, and report the votes that each needs"),
    ):
        command = verbs.add_parser(verb, help=text, description=text)
        command.add_argument("manifest", type=Path, help="CSV of candidates, packs and labels")
        command.add_argument("--packs", type=Path, required=True, help="folder of stamp packs")
        command.add_argument("--run", type=Path, required=True, help="folder of the run")
        command.add_argument("--quiet", action="store_true", help="show no progress")
        _ADD_OPTIONS[verb](command)
    return top


def _add_train(command: argparse.ArgumentParser) -> None:
    command.add_argument("--preset", choices=PRESETS, default="quick")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replace a setting of the preset, such as seed=1 or batches=500; repeatable",
    )


def _add_members(command: argparse.ArgumentParser) -> None:
    _add_train(command)
    command.add_argument(
        "--members",
        metavar="0,3-5",
        help="train only these of the run's networks, which count from 0, as on several devices",
    )


def _add_predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", type=Path, required=True, help="CSV file to write")
    command.add_argument(
        "--embeddings",
        type=Path,
        metavar="FOLDER",
        help="also write what each network's last layer reads, as Zarr in float16",
    )
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--split", choices=("control", "train"), default="control")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    command.add_argument("--figures", type=Path, help="folder for figures and their data")


def _add_compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("--other", type=Path, required=True, help="folder of the other run")
    command.add_argument("--split", choices=("control", "train"), default="control")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")


def _add_experiment(command: argparse.ArgumentParser) -> None:
    _add_train(command)
    command.add_argument("--kind", choices=[*experiments.KINDS, experiments.SOURCES], required=True)
    command.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="the training set of another label source, with --kind sources; repeatable",
    )


def _add_simulate(command: argparse.ArgumentParser) -> None:
    _add_train(command)
    plan = simulation.Plan()
    command.add_argument(
        "--strategy", action="append", choices=STRATEGIES, help="repeatable; all of them if none"
    )
    command.add_argument("--seeds", type=int, default=5, help="replays of each strategy")
    command.add_argument(
        "--learner",
        choices=("head", "network"),
        default="head",
        help="head: linear layers on ImageNet features; network: a whole training in every round",
    )
    command.add_argument("--experts", type=int, default=plan.experts, help="votes a candidate")
    command.add_argument("--first", type=int, default=plan.first, help="candidates at the start")
    command.add_argument("--batch", type=int, default=plan.batch, help="candidates a round")
    command.add_argument("--rounds", type=int, help="trainings at most")
    command.add_argument("--cold-start", choices=("spread", "random"), default=plan.cold_start)
    command.add_argument(
        "--people",
        choices=("paper", "perfect"),
        default=plan.people,
        help="paper: simulated experts agree as often as people do",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status, 2 for input that cannot be used."""
    options = parser().parse_args(arguments)
    try:
        manifest = classifier.Manifest.read(options.manifest, options.packs)
        _RUN[options.verb](options, manifest)
    except (ValueError, OSError, classifier.DivergedError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _train(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    config = classifier.TrainingConfig.from_dict(options.preset, _settings(options.set))
    members = None if options.members is None else _numbers("--members", options.members)
    result = classifier.train(config, manifest, options.run, _report(options), members=members)
    _tell_parts(result.parts)
    _print({name: value for name, value in result.to_dict().items() if name != "history"})


def _predict(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    predictions = _predictions(options, manifest, options.run, options.embeddings)
    with options.output.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        classes = predictions.probability.shape[1]
        probabilities = [f"p_class{label}" for label in range(1, classes + 1)]
        others = ["entropy_nats", "mutual_information_nats", "agreement"]
        table.writerow(["candidate", "class", *probabilities, *others])
        table.writerows(
            zip(
                predictions.candidate.tolist(),
                predictions.label.tolist(),
                *predictions.probability.T.tolist(),
                predictions.entropy.tolist(),
                predictions.mutual_information.tolist(),
                predictions.agreement.tolist(),
                strict=True,
            )
        )
    _list_unreadable(options.output.with_suffix(".unreadable.csv"), predictions.unreadable)


def _list_unreadable(path: Path, unreadable: Sequence[tuple[int, str]]) -> None:
    # Written even if all could be read: an older list would say otherwise.
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["candidate", "reason"])
        table.writerows(unreadable)
    if unreadable:
        sys.stderr.write(f"{len(unreadable)} candidates could not be read; {path} says why.\n")


def _predictions(
    options: argparse.Namespace,
    manifest: classifier.Manifest,
    run: Path,
    embeddings: Path | None = None,
) -> classifier.Predictions:
    predictions = classifier.predict(
        run, manifest, _report(options), device=options.device, embeddings=embeddings
    )
    _tell_parts(predictions.parts)
    return predictions


def _tell_parts(parts: int) -> None:
    if parts > 1:
        sys.stderr.write(
            f"The device's memory is too small for a batch: it was computed in {parts} parts.\n"
        )


def _evaluate(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    predictions = _predictions(options, manifest, options.run)
    spare = read_config(options.run).max_missing_bands
    evaluation = classifier.evaluate(predictions, manifest, options.split, max_missing_bands=spare)
    calibration = classifier.calibrate(
        predictions, manifest, options.split, max_missing_bands=spare
    )
    if options.figures:
        reporting.draw_run(options.figures, evaluation, calibration)
    _print(evaluation.to_dict() | {"calibration": calibration.to_dict()})


def _compare(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    first, second = (_predictions(options, manifest, run) for run in (options.run, options.other))
    # What both were trained to be measured on.
    spare = min(read_config(run).max_missing_bands for run in (options.run, options.other))
    _print(
        classifier.compare(
            first, second, manifest, options.split, max_missing_bands=spare
        ).to_dict()
    )


def _experiment(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    config = classifier.TrainingConfig.from_dict(options.preset, _settings(options.set))
    if options.kind == experiments.SOURCES:
        named = dict(_pair("--source", pair, "NAME=FILE") for pair in options.source)
        others = {
            name: classifier.Manifest.read(Path(path), options.packs)
            for name, path in named.items()
        }
        arms = experiments.sources(config, {options.manifest.stem: manifest, **others})
    else:
        arms = experiments.KINDS[options.kind](config, manifest)
    outcomes = experiments.carry_out(arms, options.run, _report(options))
    summary = experiments.summary(options.kind, outcomes)
    files.write_json(options.run / experiments.REPORT, summary)
    reporting.draw_experiment(options.run, options.kind, outcomes)
    for arm in summary["arms"]:
        share = arm["evaluation"]["accuracy"]
        sys.stdout.write(f"{arm['name']}: {share['right']} of {share['of']} right\n")


def _simulate(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    settings = {"backbone": "efficientnet_lite0"} | _settings(options.set)
    config = classifier.TrainingConfig.from_dict(options.preset, settings)
    world = simulation.World.of(manifest, config)
    learner: Learner
    if options.learner == "network":
        learner = Network(config, world.manifest, options.run / "training", _report(options))
    else:
        kept = options.run / "embeddings.safetensors"
        features = embed_once(manifest, config, kept, _report(options))
        learner = Head(features, config.classes, made_of={"config": config.to_dict()})
    names = ("experts", "first", "batch", "rounds", "cold_start", "people")
    replays = simulation.simulate(
        world,
        learner,
        simulation.Plan(**{name: getattr(options, name) for name in names}),
        options.run,
        strategies=options.strategy or tuple(STRATEGIES),
        seeds=range(options.seeds),
    )
    found = label_efficiency.curves(replays)
    rows = label_efficiency.efficiencies(found)
    files.write_json(options.run / experiments.REPORT, label_efficiency.summary(found, rows))
    reporting.draw_simulation(options.run / "label-efficiency", {options.manifest.stem: found})
    table = label_efficiency.table(rows)
    files.write_whole(options.run / "label-efficiency.md", table.encode())
    sys.stdout.write(table)


_RUN = {
    "train": _train,
    "predict": _predict,
    "evaluate": _evaluate,
    "compare": _compare,
    "experiment": _experiment,
    "simulate": _simulate,
}
_ADD_OPTIONS = {
    "train": _add_members,
    "predict": _add_predict,
    "evaluate": _add_evaluate,
    "compare": _add_compare,
    "experiment": _add_experiment,
    "simulate": _add_simulate,
}


def _pair(option: str, text: str, form: str) -> tuple[str, str]:
    """NAME=VALUE, apart. Raises ValueError where it is something else."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{option} {text}: write {form}.")
    return name, value


def _numbers(option: str, text: str) -> list[int]:
    """0,3-5 as whole numbers. Raises ValueError where it is something else."""
    numbers: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part, re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise ValueError(f"{option} {text}: write numbers and rising ranges, as in 0,3-5.")
        numbers += range(first, last + 1)
    return numbers


def _settings(pairs: list[str]) -> dict[str, object]:
    """NAME=VALUE as a mapping; a value is JSON where it can be, else a word."""
    settings: dict[str, object] = {}
    for pair in pairs:
        name, text = _pair("--set", pair, "NAME=VALUE")
        try:
            settings[name] = json.loads(text)
        except json.JSONDecodeError:
            settings[name] = text
    return settings


def _report(options: argparse.Namespace) -> classifier.Report:
    def show(progress: classifier.Progress) -> None:
        if options.quiet or not sys.stderr.isatty():
            return
        parts = [
            f"{progress.stage}, member {progress.member + 1} of {progress.members}",
            f"batch {progress.batch} of {progress.batches}",
        ]
        if progress.parts > 1:
            parts.append(f"in {progress.parts} parts for want of memory")
        if progress.loss is not None:
            parts.append(f"loss {progress.loss:.3f}")
        if progress.seconds_left is not None:
            parts.append(f"{progress.seconds_left:.0f} s left")
        sys.stderr.write(f"\r\x1b[K{', '.join(parts)}")

    return show


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
