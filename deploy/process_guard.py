"""Run a command that never outlives its parent: `python process_guard.py SIGNAL SECONDS COMMAND…`.

The parent holds the other end of standard input, a pipe. When that end is closed, on purpose or
because the parent was killed, the command gets the signal, and after some seconds its whole
process group is killed, the guard included.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(stop_signal: int, grace: float, command: list[str]) -> None:
    """Start the command; end when it ends, or end it when standard input is closed."""
    # Descriptors that the parent chose to pass on are meant for the command.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)
    threading.Thread(target=_end_with, args=[process], daemon=True).start()
    sys.stdin.buffer.read()
    process.send_signal(stop_signal)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    os.killpg(0, signal.SIGKILL)


def _end_with(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
