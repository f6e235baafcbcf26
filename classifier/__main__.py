"""The command line: `python -m classifier --help`."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import classifier
from classifier import experiments
from classifier.active import label_efficiency, replay
from classifier.active.acquisition import STRATEGIES
from classifier.active.imagenet_features import stored_features
from classifier.active.learners import HeadLearner, Learner, NetworkLearner
from classifier.arguments import parser
from classifier.core.atomic_files import write_atomically
from classifier.core.csv_files import csv_lines
from classifier.core.experiment_kinds import ExperimentKind
from classifier.core.uncertainty import entropy
from classifier.evaluation.figures import reports
from classifier.inference.prediction import read_config
from classifier.training import checkpoints


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status, 2 for unusable input."""
    options = parser().parse_args(arguments)
    try:
        manifest = classifier.Manifest.read(options.manifest, options.packs)
        _COMMANDS[options.verb](options, manifest)
    except (ValueError, OSError, classifier.DivergedError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _train(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    config = classifier.TrainingConfig.from_dict(options.preset, dict(options.set))
    result = classifier.train(
        config, manifest, options.run, _progress_line(options), members=options.members
    )
    _warn_of_parts(result.parts)
    _print_json({name: value for name, value in result.to_dict().items() if name != "history"})


def _predict(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    _check_output(options.output)
    predictions = _run_predictions(options, manifest, options.run, options.embeddings)
    probability = predictions.probability
    if options.temperature is not None:
        probability = classifier.apply_temperature(probability, options.temperature)
    p_names = [f"p_class{label}" for label in range(1, probability.shape[1] + 1)]
    columns = {
        "candidate": predictions.candidate.tolist(),
        "class": predictions.label.tolist(),
        **dict(zip(p_names, probability.T.tolist(), strict=True)),
        "entropy_nats": entropy(probability).tolist(),
        "mutual_information_nats": predictions.mutual_information.tolist(),
        "agreement": predictions.agreement.tolist(),
    }
    _write_csv(options.output, list(columns), zip(*columns.values(), strict=True))
    # Written even if it is empty, in place of the list of an earlier prediction.
    unreadable_path = options.output.with_suffix(".unreadable.csv")
    _write_csv(unreadable_path, ["candidate", "reason"], predictions.unreadable)
    if predictions.unreadable:
        _warn_of_unreadable(predictions, f"{unreadable_path} has the reasons.")


def _check_output(path: Path) -> None:
    """Raise ValueError for a file that cannot be written, before hours of prediction."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a CSV file to write.")
    if not path.parent.is_dir():
        raise ValueError(f"The folder {path.parent} for {path.name} does not exist: create it.")


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = csv_lines(header, (dict(zip(header, row, strict=True)) for row in rows))
    write_atomically(path, "".join(lines).encode())


def _predict_and_warn(
    options: argparse.Namespace, manifest: classifier.Manifest, run: Path
) -> classifier.Predictions:
    """Predict with a run, and warn of unreadable candidates."""
    predictions = _run_predictions(options, manifest, run)
    if predictions.unreadable:
        candidate, reason = predictions.unreadable[0]
        _warn_of_unreadable(predictions, f"the first is {candidate}. {reason}")
    return predictions


def _run_predictions(
    options: argparse.Namespace,
    manifest: classifier.Manifest,
    run: Path,
    embeddings: Path | None = None,
) -> classifier.Predictions:
    """Predict with a run. Raises PackError if no candidate can be read."""
    predictions = classifier.predict(
        run, manifest, _progress_line(options), device=options.device, embeddings=embeddings
    )
    if predictions.unreadable and not len(predictions.candidate):
        raise classifier.PackError(f"No candidate could be read. {predictions.unreadable[0][1]}")
    _warn_of_parts(predictions.parts)
    return predictions


def _warn_of_unreadable(predictions: classifier.Predictions, details: str) -> None:
    unreadable = len(predictions.unreadable)
    count = unreadable + len(predictions.candidate)
    sys.stderr.write(f"{unreadable} of {count} candidates could not be read; {details}\n")


def _warn_of_parts(parts: int) -> None:
    if parts > 1:
        sys.stderr.write(
            f"The device's memory is too small for a batch: it was computed in {parts} parts.\n"
        )


def _evaluate(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    predictions = _predict_and_warn(options, manifest, options.run)
    missing = read_config(options.run).max_missing_bands
    evaluation = classifier.evaluate(
        predictions, manifest, options.split, max_missing_bands=missing
    )
    calibration = classifier.calibrate(
        predictions, manifest, options.split, max_missing_bands=missing
    )
    if options.figures:
        reports.draw_run(options.figures, evaluation, calibration)
    _print_json(evaluation.to_dict() | {"calibration": calibration.to_dict()})


def _compare(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    runs = (options.run, options.other)
    first, second = (_predict_and_warn(options, manifest, run) for run in runs)
    # The stricter limit: only candidates that both runs are meant for are compared.
    missing = min(read_config(run).max_missing_bands for run in runs)
    comparison = classifier.compare(
        first, second, manifest, options.split, max_missing_bands=missing
    )
    _print_json(comparison.to_dict())


def _experiment(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    arms = _requested_arms(options, manifest)
    experiments.check_arms(arms)
    outcomes = experiments.run_arms(arms, options.run, _progress_line(options))
    report = experiments.build_report(options.kind, outcomes)
    checkpoints.write_json(options.run / experiments.REPORT, report)
    reports.draw_experiment(options.run, options.kind, outcomes)
    for arm in report["arms"]:
        accuracy = arm["evaluation"]["accuracy"]
        sys.stdout.write(f"{arm['name']}: {accuracy['right']} of {accuracy['of']} right\n")


def _requested_arms(
    options: argparse.Namespace, manifest: classifier.Manifest
) -> list[experiments.Arm]:
    """Return the requested arms. Raises ValueError if --source and --kind do not fit."""
    config = classifier.TrainingConfig.from_dict(options.preset, dict(options.set))
    if options.kind != ExperimentKind.SOURCES:
        if options.source:
            raise ValueError(f"--source needs --kind sources, not --kind {options.kind}.")
        return list(experiments.KINDS[options.kind](config, manifest))
    if not options.source:
        raise ValueError("--kind sources compares two training sets or more: add --source.")
    manifests = {options.manifest.stem: manifest}
    for name, path in options.source:
        if name in manifests:
            raise ValueError(
                f"Two training sets are called {name!r}: the first has the name of its file, and "
                f"each --source NAME=FILE needs another name."
            )
        manifests[name] = classifier.Manifest.read(path, options.packs)
    return list(experiments.source_arms(config, manifests))


def _simulate(options: argparse.Namespace, manifest: classifier.Manifest) -> None:
    settings = {"backbone": "efficientnet_lite0"} | dict(options.set)
    config = classifier.TrainingConfig.from_dict(options.preset, settings)
    data = replay.ReplayData.from_manifest(manifest, config)
    names = ("experts", "first", "batch", "rounds", "cold_start", "people")
    replays = replay.simulate(
        data,
        _learner(options, manifest, config, data),
        replay.ReplaySettings(**{name: getattr(options, name) for name in names}),
        options.run,
        strategies=options.strategy or tuple(STRATEGIES),
        seeds=range(options.seeds),
    )
    curves = label_efficiency.efficiency_curves(replays)
    rows = label_efficiency.efficiencies(curves)
    report = label_efficiency.efficiency_report(curves, rows)
    checkpoints.write_json(options.run / experiments.REPORT, report)
    reports.draw_simulation(options.run / "label-efficiency", {options.manifest.stem: curves})
    table = label_efficiency.efficiency_table(rows)
    write_atomically(options.run / "label-efficiency.md", table.encode())
    sys.stdout.write(table)


def _learner(
    options: argparse.Namespace,
    manifest: classifier.Manifest,
    config: classifier.TrainingConfig,
    data: replay.ReplayData,
) -> Learner:
    report = _progress_line(options)
    if options.learner == "network":
        return NetworkLearner(config, data.manifest, options.run / "training", report)
    path = options.run / "embeddings.safetensors"
    features = stored_features(manifest, config, path, report)
    return HeadLearner(features, config.classes, source={"config": config.to_dict()})


_COMMANDS = {
    "train": _train,
    "predict": _predict,
    "evaluate": _evaluate,
    "compare": _compare,
    "experiment": _experiment,
    "simulate": _simulate,
}


def _progress_line(options: argparse.Namespace) -> classifier.Report:
    """Return a callback that shows the progress in one line of a terminal."""

    def show(progress: classifier.Progress) -> None:
        if options.quiet or not sys.stderr.isatty():
            return
        parts = [
            f"{progress.stage}, member {progress.member + 1} of {progress.members}",
            f"batch {progress.batch} of {progress.batches}",
        ]
        if progress.parts > 1:
            parts.append(f"in {progress.parts} parts for lack of memory")
        if progress.loss is not None:
            parts.append(f"loss {progress.loss:.3f}")
        if progress.seconds_left is not None:
            parts.append(f"{progress.seconds_left:.0f} s left")
        sys.stderr.write(f"\r\x1b[K{', '.join(parts)}")

    return show


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
