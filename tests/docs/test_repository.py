"""The files at the root of the repository agree with one another and with the code."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("classifier/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def cited(name):
    """A value of CITATION.cff at its top level."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    return re.search(rf"^{name}: (.+)$", text, re.MULTILINE)[1]


def test_the_version_is_the_same_everywhere():
    assert cited("version") == PROJECT["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## \[(\d[^]]*)\] - (\S+)$", changelog, re.MULTILINE)
    assert latest.groups() == (PROJECT["version"], cited("date-released"))


def test_the_licence_is_the_same_everywhere():
    assert cited("license") == PROJECT["license"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("BSD 3-Clause License")


def test_the_hook_runs_make_lint():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"entry: (.+)", hooks) == ["make --silent lint"]


def test_a_table_of_measurements_stands_beside_the_command_that_renews_it():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = dict(re.findall(r"^(\w+): .*\n((?:\t.*\n)+)", makefile, re.MULTILINE))
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for table in set(re.findall(r"<!-- (\w+) -->", text)) - {"end"}:
            benchmarks = [
                name
                for target in re.findall(r"`make (\w+)", text)
                for name in re.findall(r"tests/benchmarks/\w+\.py", recipes.get(target, ""))
            ]
            assert any(f'"{table}"' in (ROOT / name).read_text("utf-8") for name in benchmarks), (
                f"No command named in {path.name} renews the table {table!r}."
            )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path):
    targets = [target.partition("#")[0] for target in LINK.findall(path.read_text("utf-8"))]
    inside = [unquote(target) for target in targets if target and "://" not in target]
    assert [target for target in inside if not (path.parent / target).exists()] == []


def test_every_test_named_as_a_proof_exists():
    text = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    paths = re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / "tests" / path).exists()] == []


def test_files_named_in_documents_exist():
    named = re.compile(r"`((?:classifier|labeling|frontend|celery_worker|deploy|tests)/[\w./]+)`")
    texts = {path: path.read_text(encoding="utf-8") for path in DOCUMENTS}
    paths = {
        (str(path.relative_to(ROOT)), name)
        for path, text in texts.items()
        for name in named.findall(text)
        if path.name not in ("promises.md", "CHANGELOG.md")  # below tests; of its time
    }
    assert sorted(pair for pair in paths if not (ROOT / pair[1]).exists()) == []


def test_the_functions_named_in_the_architecture_exist():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    steps = re.findall(r"\| `([\w./]+)`: `(\w+)` \|", text)
    assert len(steps) > 20
    for path, name in steps:
        code = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(
            rf"\b(?:def|class|function) {name}\b|^ +(?:async )?{name}\(", code, re.MULTILINE
        ), (path, name)
