"""Part of `make lint`: bare words such as `found` or `own` are no names for a value.

Names that get a value are counted: in Python the targets of assignments, loops, comprehensions and
`with`, function parameters and named exceptions (`self` and `cls` excepted, which nobody chooses);
in JavaScript the declared variables and the parameters of short arrow functions. The words, and the
largest share that may be among them, are in pyproject.toml under `[tool.asterism.names]`.
`python -m tests.names FOLDER` counts in another checkout.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONVENTIONS = {"self", "cls"}
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
DECLARED = re.compile(r"\b(?:const|let)\s+([\w$]+)|(?<![.\w$])([\w$]+)\s*=>")


def names_in_python(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of everything in a module that is given a value by name."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(ctx=ast.Store(), id=name) | ast.arg(arg=name):
                if name not in CONVENTIONS:
                    yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield node.lineno, name


def names_in_javascript(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of the variables that a browser module declares."""
    code = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), source)
    for match in DECLARED.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, match[1] or match[2]


LANGUAGES: dict[str, Callable[[str], Iterator[tuple[int, str]]]] = {
    "py": names_in_python,
    "js": names_in_javascript,
}


def names_below(root: Path, packages: list[str], suffix: str) -> Iterator[tuple[str, str]]:
    """`path:line` and name of each, in the files of this kind outside of migrations."""
    for package in packages:
        for path in sorted((root / package).rglob(f"*.{suffix}")):
            if "migrations" not in path.parts:
                for line, name in LANGUAGES[suffix](path.read_text(encoding="utf-8")):
                    yield f"{path.relative_to(root)}:{line}", name


def main(root: Path = ROOT) -> int:
    """Print the shares of bare words, and each word where there are too many: then return 1."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rules = settings["tool"]["asterism"]["names"]
    failed = False
    for suffix, limit in rules["max_percent"].items():
        names = list(names_below(root, rules["packages"], suffix))
        bare = [f"{position}: {name}" for position, name in names if name in rules["words"]]
        percent = 100 * len(bare) / len(names)
        if percent > limit:
            failed = True
            print(*bare, sep="\n")  # noqa: T201
        share = f"{len(bare)} of {len(names)} assigned names are bare words ({percent:.2f} %)"
        print(f"*.{suffix}: {share}; the limit is {limit} %")  # noqa: T201
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
