"""Writes the lock file: `python -m deploy.lock requirements.lock`.

pip resolves the extra `dev`, which holds all others, as on an empty machine; nothing is installed.
Left out are the packages that belong to one kind of machine, the CUDA libraries of torch, which
pip finds by itself beside the pinned torch, and the local part of versions (`+cpu`).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

MACHINE_BOUND = ("nvidia-", "cuda-", "triton", "asterism")
RESOLVE = ("install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-", "-e", ".[dev]")


def pins(report: dict[str, Any]) -> list[str]:
    """`name==version` of each package in pip's installation report, sorted."""
    found = [(item["metadata"]["name"], item["metadata"]["version"]) for item in report["install"]]
    return sorted(
        f"{name.lower().replace('_', '-')}=={version.partition('+')[0]}"
        for name, version in found
        if not name.lower().startswith(MACHINE_BOUND)
    )


def main(path: Path) -> None:
    """Resolve, and replace the file."""
    command = [sys.executable, "-m", "pip", *RESOLVE]
    report = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    path.write_text("\n".join(["# Made by `make lock`.", *pins(json.loads(report)), ""]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
