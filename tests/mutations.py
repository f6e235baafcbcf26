"""`python -m tests.mutations [FILE…]`: break the product line by line, and see the proofs fail.

`mutations.toml` names a line of the product for each promise, and the test that fails without it.
Each is tried in a copy of the tree: the test passes before the change, and fails after it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services import node
from tests.services.site import ROOT

TABLE = ROOT / "tests" / "mutations.toml"
SECONDS = 600
"""For one run of a test."""
PASSED, FAILED = 0, 1
"""Exit statuses of pytest and node; others mean that the tests did not run."""


@dataclass(frozen=True)
class Mutation:
    """A change of one place of the product, and the test that must notice it."""

    promise: str
    file: str
    old: str
    new: str
    test: str
    database: str

    def apply(self, tree: Path) -> None:
        """Change the file below `tree`. Raises ValueError unless the text occurs in it once."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times {self.old!r}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")

    def run_test(self, tree: Path) -> int:
        """Return the exit status of the test in this tree."""
        if self.test.endswith(".js"):
            command = [node.executable(), "--test", self.test]
        else:
            options = ["-x", "-q", "-p", "no:cacheprovider"]
            command = [sys.executable, "-m", "pytest", *options, self.test]
        environment = {**os.environ, "TEST_DATABASE": self.database, "CI": ""}
        result = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        return result.returncode


def read_mutations() -> list[Mutation]:
    """Return the mutations of the table."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["mutation"]
    return [Mutation(**row) for row in rows]


def copy_tree(target: Path) -> None:
    """Copy the files that Git tracks or would add, as they are now."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(listing, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    for name in filter(None, output.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def survivors(mutations: Sequence[Mutation]) -> Iterator[str]:
    """Yield a sentence for each mutation that its test does not notice, or cannot."""
    with tempfile.TemporaryDirectory(prefix="asterism-mutation-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        passed: set[tuple[str, str]] = set()
        for mutation in mutations:
            key = mutation.test, mutation.database
            if key not in passed and (status := mutation.run_test(tree)) != PASSED:
                yield f"{mutation.test} ends with {status} without any change"
                continue
            passed.add(key)
            try:
                mutation.apply(tree)
            except ValueError as error:
                yield str(error)
                continue
            status = mutation.run_test(tree)
            shutil.copy2(ROOT / mutation.file, tree / mutation.file)
            print(f"{status}  {mutation.file}: {mutation.old.strip()}", flush=True)  # noqa: T201
            if status != FAILED:
                yield f"{mutation.test} does not fail ({status}) without {mutation.old.strip()!r}"


def main(files: Sequence[str]) -> int:
    """Try the mutations of these files, or all; return the number that no test noticed."""
    mutations = [m for m in read_mutations() if not files or m.file in files or m.test in files]
    sentences = list(survivors(mutations))
    for sentence in sentences:
        print(sentence, file=sys.stderr)  # noqa: T201
    return len(sentences)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
