"""Chromium for the browser tests: what is here, else Debian's, else Playwright's own."""

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
    """Path of a Chromium, installed if need be; Unavailable if there is none to be had."""
    if found := _here(playwright):
        return found
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
        if found := _here(playwright):
            return found
    raise Unavailable("no Chromium here; install one, or run `playwright install chromium`")


def _here(playwright: Playwright) -> Path | None:
    if on_path := next(filter(None, map(shutil.which, NAMES)), None):
        return Path(on_path)
    own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None
