"""The recipes of CONTRIBUTING.md, carried out on a copy of the code."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.services import node
from tests.services.site import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
STEP = re.compile(r"^In `([^`]+)`|^```diff\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = ("classifier", "labeling", "frontend", "celery_worker", "deploy", "manage.py")
CLASSIFY = "frontend/static/frontend/js/session/classify.js"


def steps():
    """Path of a file, text to be found in it once, and the text that replaces it."""
    path = None
    for named, diff in STEP.findall(TEXT):
        path = named or path
        if diff:
            lines = diff.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] in " -")
            after = "".join(line[1:] for line in lines if line[0] in " +")
            yield path, before, after


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A copy of the code with every recipe carried out."""
    copy = tmp_path_factory.mktemp("recipes")
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    for path, before, after in steps():
        text = (copy / path).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{path} has not, or more than once:\n{before}"
        (copy / path).write_text(text.replace(before, after), encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def report(changed):
    """What the changed code offers."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{changed}{os.pathsep}{ROOT}",
        "ASTERISM_HOME": str(changed / "home"),
        "DATABASE_URL": "",
        "ALLOWED_HOSTS": "testserver",
    }
    command = [sys.executable, str(ROOT / "tests/docs/carry_out.py")]
    done = subprocess.run(
        command, cwd=changed, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_new_backbone_is_offered_and_trains(report):
    assert "mobilenet_v3_small" in report["backbones"]
    assert 0 < report["loss"][0] < 10


def test_a_new_format_is_offered_and_written(report):
    assert ".jsonl" in report["exports"]
    rows = [json.loads(line) for line in report["jsonl"].splitlines()]
    assert [row["field"] for row in rows] == ["demo"] * 6


def test_a_new_strategy_orders_the_queue(report):
    assert report["order"] == sorted(report["order"])
    assert len(report["order"]) == 6


def test_a_new_key_is_in_the_page_its_help_and_the_guide(report, changed):
    assert "full screen" in report["guide"]
    assert 'data-action-row="fullscreen"' in report["classify"]
    command = [node.executable(), "--check", str(changed / CLASSIFY)]
    assert subprocess.run(command, check=False).returncode == 0
