"""Train, predict, evaluate and experiment from a shell: `python -m classifier --help`."""

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import classifier
from classifier import experiments
from classifier.active import label_efficiency, replay
from classifier.active.acquisition import STRATEGIES
from classifier.active.imagenet_features import embed_once
from classifier.active.learners import Head, Learner, Network
from classifier.arguments import parser
from classifier.core.atomic_files import write_atomically
from classifier.core.experiment_kinds import ExperimentKind
from classifier.core.uncertainty import entropy
from classifier.evaluation.figures import reports
from classifier.inference.prediction import read_config
from classifier.training import checkpoints


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
    config = classifier.TrainingConfig.from_dict(options.preset, dict(options.set))
    result = classifier.train(
        config, manifest, options.run, _report(options), members=options.members
    )
    _tell_parts(result.parts)
    _print({name: value for name, value in result.to_dict().items() if name != "history"})


def _predict(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    _check_output(options.output)
    predictions = _predicted(options, manifest, options.run, options.embeddings)
    probability = predictions.probability
    if options.temperature is not None:
        probability = classifier.apply_temperature(probability, options.temperature)
    probabilities = [f"p_class{label}" for label in range(1, probability.shape[1] + 1)]
    others = ["entropy_nats", "mutual_information_nats", "agreement"]
    columns = (
        predictions.candidate.tolist(),
        predictions.label.tolist(),
        *probability.T.tolist(),
        entropy(probability).tolist(),
        predictions.mutual_information.tolist(),
        predictions.agreement.tolist(),
    )
    header = ["candidate", "class", *probabilities, *others]
    _write_csv(options.output, header, zip(*columns, strict=True))
    # Written even if all could be read: an older list would say otherwise.
    lost = options.output.with_suffix(".unreadable.csv")
    _write_csv(lost, ["candidate", "reason"], predictions.unreadable)
    if predictions.unreadable:
        _tell_unreadable(predictions, f"{lost} says why.")


def _check_output(path: Path) -> None:
    """Raise ValueError for a file that could not be written when all is predicted, hours later."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a CSV file to write.")
    if not path.parent.is_dir():
        raise ValueError(f"The folder {path.parent} for {path.name} is not there: make it first.")


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(header)
    table.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def _predictions(
    options: argparse.Namespace, manifest: classifier.Manifest, run: Path
) -> classifier.Predictions:
    """What a run says, with a word on candidates that could not be read."""
    predictions = _predicted(options, manifest, run)
    if predictions.unreadable:
        candidate, reason = predictions.unreadable[0]
        _tell_unreadable(predictions, f"the first is {candidate}. {reason}")
    return predictions


def _tell_unreadable(predictions: classifier.Predictions, more: str) -> None:
    lost = len(predictions.unreadable)
    count = lost + len(predictions.candidate)
    sys.stderr.write(f"{lost} of {count} candidates could not be read; {more}\n")


def _predicted(
    options: argparse.Namespace,
    manifest: classifier.Manifest,
    run: Path,
    embeddings: Path | None = None,
) -> classifier.Predictions:
    predictions = classifier.predict(
        run, manifest, _report(options), device=options.device, embeddings=embeddings
    )
    if predictions.unreadable and not len(predictions.candidate):
        raise classifier.PackError(f"No candidate could be read. {predictions.unreadable[0][1]}")
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
        reports.draw_run(options.figures, evaluation, calibration)
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
    arms = _arms(options, manifest)
    experiments.check(arms)
    outcomes = experiments.carry_out(arms, options.run, _report(options))
    summary = experiments.summary(options.kind, outcomes)
    checkpoints.write_json(options.run / experiments.REPORT, summary)
    reports.draw_experiment(options.run, options.kind, outcomes)
    for arm in summary["arms"]:
        share = arm["evaluation"]["accuracy"]
        sys.stdout.write(f"{arm['name']}: {share['right']} of {share['of']} right\n")


def _arms(options: argparse.Namespace, manifest: classifier.Manifest) -> list[experiments.Arm]:
    """The arms that are asked for. Raises ValueError where --source and --kind do not agree."""
    config = classifier.TrainingConfig.from_dict(options.preset, dict(options.set))
    if options.kind != ExperimentKind.SOURCES:
        if options.source:
            raise ValueError(f"--source belongs to --kind sources, not to --kind {options.kind}.")
        return list(experiments.KINDS[options.kind](config, manifest))
    if not options.source:
        raise ValueError("--kind sources compares two training sets or more: add --source.")
    manifests = {options.manifest.stem: manifest}
    for name, path in options.source:
        if name in manifests:
            raise ValueError(
                f"Two training sets are called {name!r}: the first has its file's name, and each "
                f"--source NAME=FILE needs one of its own."
            )
        manifests[name] = classifier.Manifest.read(path, options.packs)
    return list(experiments.sources(config, manifests))


def _simulate(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    settings = {"backbone": "efficientnet_lite0"} | dict(options.set)
    config = classifier.TrainingConfig.from_dict(options.preset, settings)
    world = replay.World.of(manifest, config)
    learner: Learner
    if options.learner == "network":
        learner = Network(config, world.manifest, options.run / "training", _report(options))
    else:
        kept = options.run / "embeddings.safetensors"
        features = embed_once(manifest, config, kept, _report(options))
        learner = Head(features, config.classes, made_of={"config": config.to_dict()})
    names = ("experts", "first", "batch", "rounds", "cold_start", "people")
    replays = replay.simulate(
        world,
        learner,
        replay.Plan(**{name: getattr(options, name) for name in names}),
        options.run,
        strategies=options.strategy or tuple(STRATEGIES),
        seeds=range(options.seeds),
    )
    found = label_efficiency.curves(replays)
    rows = label_efficiency.efficiencies(found)
    checkpoints.write_json(options.run / experiments.REPORT, label_efficiency.summary(found, rows))
    reports.draw_simulation(options.run / "label-efficiency", {options.manifest.stem: found})
    table = label_efficiency.table(rows)
    write_atomically(options.run / "label-efficiency.md", table.encode())
    sys.stdout.write(table)


_RUN = {
    "train": _train,
    "predict": _predict,
    "evaluate": _evaluate,
    "compare": _compare,
    "experiment": _experiment,
    "simulate": _simulate,
}


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
