"""Chromium for the browser tests: an installed one, else Debian's, else Playwright's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright

from tests.services.missing import Unavailable

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

QUIET = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def flags() -> list[str]:
    """Command-line flags: no traffic of its own, and no sandbox where root forbids one."""
    return [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def executable(playwright: Playwright) -> Path:
    """Path of a Chromium, installed if needed; Unavailable if none can be installed."""
    if program := _installed(playwright):
        return program
    debian = shutil.which("apt-get") if os.geteuid() == 0 else None
    attempts = []
    if debian:
        attempts += [
            [debian, "update", "-q"],
            [debian, "install", "-qy", "--no-install-recommends", "chromium"],
        ]
    attempts.append([sys.executable, "-m", "playwright", "install", "chromium"])
    for command in attempts:
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=600)
        if program := _installed(playwright):
            return program
    raise Unavailable("no Chromium here; install one, or run `playwright install chromium`")


def _installed(playwright: Playwright) -> Path | None:
    if on_path := next(filter(None, map(shutil.which, NAMES)), None):
        return Path(on_path)
    bundled = Path(playwright.chromium.executable_path)
    return bundled if bundled.exists() else None
