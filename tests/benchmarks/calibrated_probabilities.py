"""What calibrated probabilities change on new candidates, by the number of control labels.

Networks are simulated whose probabilities have a known best temperature. Each is calibrated as a
run is, on labels drawn from its true probabilities. The change of the negative log-likelihood and
of the expected calibration error is measured on 4000 others; it is zero where the rule gives no
calibrated probabilities. `make calibration` renews the table of docs/figures.md.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from classifier.core.atomic_files import write_atomically
from classifier.core.temperature import apply_temperature
from classifier.evaluation import calibration
from classifier.evaluation.calibration import Reliability, calibrate
from labeling.rules import run_calibration
from labeling.rules.run_calibration import RunCalibration
from tests.benchmarks import transfer
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_with

PAGE = transfer.ROOT / "docs" / "figures.md"

TEMPERATURES = (0.7, 1.0, 1.3, 2.0)
LABELS = (20, 50, 100, 200)
NEW = 4000
REPETITIONS = 100


@dataclass(frozen=True)
class Change:
    """Changes on new candidates, one for each repetition (R,)."""

    given: NDArray[np.bool_]
    """True where calibrated probabilities are given."""
    likelihood: NDArray[np.float64]
    """Of the negative log-likelihood in nats, if they were always given."""
    error: NDArray[np.float64]
    """Of the expected calibration error, if they were always given."""


def drawn(
    count: int, temperature: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return probabilities (N, 4) that this temperature calibrates, and labels (N,) from 1."""
    true_NK = softmax(2 * rng.normal(size=(count, 4)), axis=1)
    labels = (true_NK.cumsum(axis=1) < rng.random(count)[:, None]).sum(axis=1) + 1
    return apply_temperature(true_NK, 1 / temperature), labels.clip(1, 4)


def measure(temperature: float, labels: int, repetitions: int, seed: int = 0) -> Change:
    """Calibrate so many simulated networks, each on its own labels."""
    rng = np.random.default_rng(seed)
    new_NK, truth_N = drawn(NEW, temperature, rng)
    before = Reliability.measure(new_NK, truth_N)
    rows = []
    for _ in range(repetitions):
        p_nK, truth_n = drawn(labels, temperature, rng)
        manifest = manifest_of(truth_n)
        stored = calibrate(predictions_with(p_nK[None]), manifest).to_dict()
        if stored["temperature"] is None:
            rows.append((False, 0.0, 0.0))
            continue
        after = Reliability.measure(apply_temperature(new_NK, stored["temperature"]), truth_N)
        rows.append(
            (
                RunCalibration.of_run(stored, "").temperature is not None,
                after.negative_log_likelihood - before.negative_log_likelihood,
                after.expected_calibration_error - before.expected_calibration_error,
            )
        )
    given, likelihood, error = np.array(rows, dtype=float).T
    return Change(given.astype(bool), likelihood, error)


def table(repetitions: int) -> Iterator[str]:
    """Yield a row for each temperature and number of labels."""
    yield "| best temperature | labels | always: nats | error | given | nats | error |"
    yield "|---|---|---|---|---|---|---|"
    for temperature in TEMPERATURES:
        for labels in LABELS:
            change = measure(temperature, labels, repetitions)
            changes = (change.likelihood, change.error)
            always = [f"{values.mean():+.3f}" for values in changes]
            by_rule = [f"{(values * change.given).mean():+.3f}" for values in changes]
            cells = [f"{temperature}", f"{labels}", *always, f"{change.given.mean():.0%}", *by_rule]
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Renew the table of the page."""
    # With fewer labels, as it would be without this part of the rule.
    run_calibration.MIN_LABELS = 0
    # The error by chance is not used here, and takes most of the time.
    calibration.CHANCE_DRAWS = 10
    lines = []
    for line in table(REPETITIONS):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        lines.append(line)
    page = transfer.renewed(PAGE.read_text(encoding="utf-8"), "calibrated", "\n".join([*lines, ""]))
    write_atomically(PAGE, page.encode())


if __name__ == "__main__":
    main()
