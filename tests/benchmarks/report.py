"""Benchmarks leave their figures here: one JSON object a line, in `<home>/bench/<file>.jsonl`."""

import json
import os
import platform
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path


def home() -> Path:
    """The folder of a running Asterism: `ASTERISM_HOME`, or `var` beside the project's code."""
    default = Path(__file__).resolve().parents[2] / "var"
    return Path(os.environ.get("ASTERISM_HOME", default))


def machine() -> str:
    """The machine in words: platform, processor, cores, and the device that torch would use."""
    return f"{platform.platform()}, {_processor()}, {os.cpu_count()} cores, {_torch_device()}"


def record(name: str, value: float, unit: str, reference: float, *, file: str) -> None:
    """Append one figure and its reference, both in `unit`, to `<home>/bench/<file>.jsonl`.

    `ratio` is value / reference: name a rate (1/s), so that above 1 is faster.
    """
    line = {
        "name": name,
        "value": value,
        "unit": unit,
        "reference": reference,
        "ratio": value / reference,
        "machine": machine(),
    }
    folder = home() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{file}.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line) + "\n")
    sys.stdout.write(
        f"{name}: {value:.4g} {unit}, reference {reference:.4g}, ratio {line['ratio']:.2f}\n"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _torch_device() -> str:
    if find_spec("torch") is None:
        return "no torch"
    torch = import_module("torch")
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return f"torch {torch.__version__} on {name}"
