"""Run a command that dies with its parent: `python tether.py PARENT SIGNAL COMMAND…`.

A parent that is killed hard cannot end its children. Linux can do it for them, if the child asks
before it becomes the command; elsewhere the command simply runs.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main(parent: int, farewell: int, command: list[str]) -> None:
    """Ask the kernel for the signal `farewell` on the parent's death, and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, farewell)
    # The parent may have died before the kernel was asked.
    if os.getppid() == parent:
        os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
