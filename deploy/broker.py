"""The address of the broker: REDIS_URL, or a private Redis on a socket file."""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

# The path of a Unix socket, with its closing zero, fits in 108 bytes on Linux and 104 on macOS.
LONGEST_SOCKET_PATH = 103


def socket_path(home: Path) -> Path:
    """Return the socket file of the private Redis: in the data folder, unless that is too long."""
    inside = home / "redis" / "redis.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"asterism-{os.getuid()}-{name}" / "redis.sock"


def socket_url(socket: Path) -> str:
    """Return the address of a Redis on this socket file, as REDIS_URL takes it."""
    return f"unix://{quote(str(socket))}"


def broker_url(redis_url: str | None, home: Path) -> str:
    """Return REDIS_URL, else the address of the private Redis, in the form that kombu reads."""
    url = redis_url or socket_url(socket_path(home))
    # kombu calls Redis on a socket file redis+socket; redis-py calls it unix.
    return url.replace("unix://", "redis+socket://", 1) if url.startswith("unix://") else url
