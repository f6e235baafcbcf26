"""System calls of running processes, recorded by strace (Linux)."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.services.missing import Unavailable

_CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")
_UNFINISHED = re.compile(r"(?P<pid>\d+) +(?P<start>\w+\(.*) <unfinished \.\.\.>")
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)")


class Call(NamedTuple):
    """A system call that has returned; file descriptors in `arguments` have their paths."""

    name: str
    arguments: str
    result: int


@contextmanager
def recorded(processes: Iterable[int], names: Iterable[str], log: Path) -> Iterator[list[Call]]:
    """Record these system calls of processes and of their later children.

    The list is filled, in the order in which the calls returned, when the block ends. Raises
    Unavailable where strace is not installed or may not attach.
    """
    if not (program := shutil.which("strace")):
        raise Unavailable("strace is not installed")
    attached = [part for pid in processes for part in ("-p", str(pid))]
    options = ["-f", "-y", "-s", "80", "-e", f"trace={','.join(names)}", "-e", "signal=none"]
    calls: list[Call] = []
    messages = log.with_suffix(".err")
    with messages.open("w") as errors:
        tracer = subprocess.Popen([program, *options, "-o", log, *attached], stderr=errors)
    try:
        _wait_until_attached(tracer, messages, len(attached) // 2)
        yield calls
    finally:
        tracer.terminate()
        tracer.wait(20)
    calls.extend(_parsed(log.read_text(errors="replace").splitlines()))


def _wait_until_attached(tracer: subprocess.Popen[bytes], messages: Path, count: int) -> None:
    deadline = time.monotonic() + 20
    while (text := messages.read_text()).count(" attached") < count:
        if tracer.poll() is not None or "attach:" in text or time.monotonic() > deadline:
            tracer.terminate()
            raise Unavailable(f"strace cannot attach to processes: {text.strip()}")
        time.sleep(0.05)


def _parsed(lines: Iterable[str]) -> Iterator[Call]:
    unfinished: dict[str, str] = {}
    for line in lines:
        if match := _UNFINISHED.match(line):
            unfinished[match["pid"]] = match["start"]
            continue
        if match := _RESUMED.match(line):
            line = f"{match['pid']} {unfinished.pop(match['pid'], '')}{match['rest']}"
        if match := _CALL.match(line):
            yield Call(match["name"], match["arguments"], int(match["result"]))
