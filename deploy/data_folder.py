"""The data folder ASTERISM_HOME: its permissions, the secret key and the SQLite database in it."""

import os
import secrets
import sys
from pathlib import Path
from typing import Any, NoReturn

from classifier.core.atomic_files import write_if_absent

OWNER_ONLY_FOLDER, OWNER_ONLY_FILE = 0o700, 0o600


def make_home(path: Path) -> Path:
    """Create the folder, readable by its owner only, unless it exists; return it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=OWNER_ONLY_FOLDER, exist_ok=True)
    except OSError as error:
        _stop_at(path, error)
    return path


def _stop_at(path: Path, error: OSError) -> NoReturn:
    sys.exit(
        f"{path} cannot be made or written ({error.strerror}): set ASTERISM_HOME to a folder that "
        "you may write to."
    )


def secret_key(home: Path) -> str:
    """Return SECRET_KEY of the environment, or the key that is created once in the folder.

    An empty key, which would let anybody sign sessions, stops the start.
    """
    if key := os.environ.get("SECRET_KEY"):
        if not key.strip():
            sys.exit("SECRET_KEY is blank; set it to a long random text, or unset it.")
        return key
    path = home / "secret_key"
    try:
        if not path.exists():
            write_if_absent(path, secrets.token_urlsafe(50).encode(), mode=OWNER_ONLY_FILE)
        key = path.read_text().strip()
    except OSError as error:
        sys.exit(f"The secret key {path} cannot be written or read: {error.strerror}.")
    if not key:
        sys.exit(f"{path} is empty; delete it, and the next start makes a new key.")
    return key


def sqlite_database(home: Path) -> dict[str, Any]:
    """Return Django's settings of the SQLite database in the folder, readable by its owner only."""
    path = home / "db.sqlite3"
    if not path.exists():
        try:
            # SQLite gives its write-ahead log the permissions of the database.
            path.touch(mode=OWNER_ONLY_FILE)
        except OSError as error:
            _stop_at(path, error)
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}
