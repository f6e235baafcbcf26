"""`make test`: every test, on each database, and those of the browser modules in Node.

The suite runs on PostgreSQL; then all that touches a database runs again on SQLite.
"""

import os
import subprocess
import sys

from tests.services import node
from tests.services.site import ROOT

DATABASES = ("postgresql", "sqlite")


def main(arguments: list[str]) -> int:
    """Run all, whatever fails; the number of runs that failed."""
    failed = []
    for database in DATABASES:
        print(f"== tests on {database}", flush=True)  # noqa: T201
        environment = {**os.environ, "TEST_DATABASE": database}
        command = [sys.executable, "-m", "pytest", *arguments]
        if database == "sqlite":
            command.append("--touching-database")
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
            failed.append(database)
    if scripts := sorted(map(str, ROOT.glob("tests/frontend/**/*.test.js"))):
        print("== tests of the browser modules", flush=True)  # noqa: T201
        if subprocess.run(
            [node.executable(), "--test", *scripts], cwd=ROOT, check=False
        ).returncode:
            failed.append("browser modules")
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)  # noqa: T201
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
