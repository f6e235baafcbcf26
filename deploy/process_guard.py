"""Run a command on a leash: `python tether.py SIGNAL SECONDS COMMAND…`.

Standard input is the leash, a pipe whose other end the parent holds. When that end is let go, on
purpose or because the parent was killed, the command gets the signal, and after some seconds its
whole process group, this one included, is killed. So nothing outlives a parent that cannot tidy up.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(farewell: int, grace: float, command: list[str]) -> None:
    """Start the command; end with its end, or end it when the leash is let go."""
    # What the parent chose to pass on is the command's.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)
    threading.Thread(target=_end_with, args=[child], daemon=True).start()
    sys.stdin.buffer.read()
    child.send_signal(farewell)
    with suppress(subprocess.TimeoutExpired):
        child.wait(grace)
    os.killpg(0, signal.SIGKILL)


def _end_with(child: subprocess.Popen[bytes]) -> None:
    child.wait()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
