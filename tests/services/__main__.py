"""`make test`: every test, and those of the browser modules in Node.

What touches a database runs on PostgreSQL and on SQLite, side by side: each has one core, and what
the second has to say comes after the first. What touches none runs beside PostgreSQL; what a page
looks like, the same on both, is tried on SQLite, as `make run` has it.
"""

import os
import subprocess
import sys
import tempfile
from typing import IO

from tests.services import node
from tests.services.site import ROOT

BESIDE = "sqlite"


def suite(database: str, arguments: list[str], output: IO[str] | None) -> subprocess.Popen[str]:
    """Start the tests on a database."""
    # Two suites with two threads each would wait for one another's spinning.
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "TEST_DATABASE": database}
    command = [sys.executable, "-m", "pytest", "--divided", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
    )


def main(arguments: list[str]) -> int:
    """Run all, whatever fails; the number of runs that failed."""
    failed = []
    with tempfile.TemporaryFile("w+") as output:
        beside = suite(BESIDE, arguments, output)
        say("tests on postgresql")
        if suite("postgresql", arguments, None).wait():
            failed.append("postgresql")
        if beside.wait():
            failed.append(BESIDE)
        output.seek(0)
        say(f"tests on {BESIDE}")
        print(output.read(), flush=True)  # noqa: T201
    if scripts := sorted(map(str, ROOT.glob("tests/frontend/**/*.test.js"))):
        say("tests of the browser modules")
        command = [node.executable(), "--test", *scripts]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append("browser modules")
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)  # noqa: T201
    return len(failed)


def say(what: str) -> None:
    """A heading between the runs."""
    print(f"== {what}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
