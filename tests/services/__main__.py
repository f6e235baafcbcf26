"""`make test`: every test, and those of the browser modules in Node.

What touches a database runs on PostgreSQL and on SQLite, and the rest beside them: two cores have
work while one of the three waits for a site or a browser. What the others have to say comes after
the first. What a page looks like, the same on both, is tried on SQLite, as `make run` has it.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from typing import IO

from tests.services import node
from tests.services.site import ROOT

BESIDE = ("sqlite", "none")


def suite(database: str, arguments: list[str], output: IO[str] | None) -> subprocess.Popen[str]:
    """Start the tests on a database."""
    # Suites with two threads each would wait for one another's spinning.
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "TEST_DATABASE": database}
    command = [sys.executable, "-m", "pytest", "--divided", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
    )


def main(arguments: list[str]) -> int:
    """Run all, whatever fails; the number of runs that failed."""
    failed = []
    with ExitStack() as files:
        outputs = {name: files.enter_context(tempfile.TemporaryFile("w+")) for name in BESIDE}
        beside = {name: suite(name, arguments, output) for name, output in outputs.items()}
        say(heading("postgresql"))
        if suite("postgresql", arguments, None).wait():
            failed.append(heading("postgresql"))
        for name, output in outputs.items():
            if beside[name].wait():
                failed.append(heading(name))
            output.seek(0)
            say(heading(name))
            print(output.read(), flush=True)  # noqa: T201
    if scripts := sorted(map(str, ROOT.glob("tests/frontend/**/*.test.js"))):
        say("tests of the browser modules")
        command = [node.executable(), "--test", *scripts]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append("browser modules")
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)  # noqa: T201
    return len(failed)


def heading(database: str) -> str:
    """What a suite is called."""
    return "tests without a database" if database == "none" else f"tests on {database}"


def say(what: str) -> None:
    """A heading between the runs."""
    print(f"== {what}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
