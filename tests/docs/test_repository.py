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


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path):
    targets = [target.partition("#")[0] for target in LINK.findall(path.read_text("utf-8"))]
    inside = [unquote(target) for target in targets if target and "://" not in target]
    assert [target for target in inside if not (path.parent / target).exists()] == []


def test_every_proof_of_a_promise_is_there():
    text = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    paths = re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / "tests" / path).exists()] == []
