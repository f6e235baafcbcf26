"""Which room may import which, held by reading every import statement of the code."""

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("classifier", "labeling", "frontend", "celery_worker", "deploy")

# What a room must not import, besides the rooms that are not in its second entry.
RULES = {
    "classifier": ({"django", "celery", "rest_framework"}, set()),
    "labeling": ({"torch", "torchvision"}, set()),
    "frontend": ({"torch", "torchvision"}, {"labeling"}),
    "celery_worker": (set(), {"labeling", "classifier"}),
    "deploy": ({"torch", "torchvision"}, set(ROOMS)),
}


def sources(room):
    """The Python files of a room."""
    return sorted((ROOT / room).rglob("*.py"))


def packages(node):
    """Top-level packages that an import statement names."""
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").partition(".")[0]}
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return set()


def imports(path):
    """Every package that a file imports, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return set().union(*(packages(node) for node in ast.walk(tree)))


def hidden_imports(path):
    """Lines of our own packages' imports inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = [node for function in functions for node in ast.walk(function)]
    return sorted({node.lineno for node in inner if packages(node) & set(ROOMS)})


@pytest.mark.parametrize("room", ROOMS)
def test_it_imports_only_what_its_room_may(room):
    never, neighbours = RULES[room]
    forbidden = never | (set(ROOMS) - neighbours - {room})
    found = {
        str(path.relative_to(ROOT)): sorted(names)
        for path in sources(room)
        if (names := imports(path) & forbidden)
    }
    assert found == {}


def test_no_import_of_our_own_hides_in_a_function():
    files = [path for room in ROOMS for path in sources(room)]
    found = {str(p.relative_to(ROOT)): lines for p in files if (lines := hidden_imports(p))}
    assert found == {}


def test_the_rules_see_an_import_that_is_hidden(tmp_path):
    path = tmp_path / "sly.py"
    path.write_text("import os\ndef f():\n    if os:\n        from labeling.models import Vote\n")
    assert hidden_imports(path) == [4]
    assert imports(path) == {"os", "labeling"}


def loaded(statements, *packages):
    """Which of the packages a fresh interpreter has loaded after some statements."""
    code = f"import sys\n{statements}\nprint(*(p for p in {packages} if p in sys.modules))"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "deploy.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment
    )
    assert done.stderr == ""
    return done.stdout.split()


ADDRESSES = "from django.urls import get_resolver; get_resolver().url_patterns"


def test_the_web_process_never_imports_torch():
    web = f"import deploy.wsgi\n{ADDRESSES}"
    assert loaded(web, "django", "torch", "torchvision", "classifier") == ["django"]


def test_a_worker_that_waits_has_not_loaded_torch():
    worker = "from celery_worker.app import app; app.loader.import_default_modules()"
    assert loaded(worker, "celery_worker.tasks", "torch") == ["celery_worker.tasks"]


def test_commands_do_not_wait_for_the_packages_of_agreement():
    # Every command checks the addresses, which lead to the pages of agreement.
    command = f"import django; django.setup()\n{ADDRESSES}"
    heavy = ("pandas", "sklearn", "statsmodels", "crowdkit")
    assert loaded(command, "labeling.agreement.groups", *heavy) == ["labeling.agreement.groups"]


def test_no_circle_of_browser_modules():
    # Not of types either: the storage that names files by their content follows comments too,
    # and a circle has no last name.
    modules = ROOT / "frontend/static/frontend/js"
    reference = re.compile(r"""(?:from\s*|import\()["'](\.[^"']+)["']""")
    graph = {
        path: {(path.parent / name).resolve() for name in reference.findall(path.read_text())}
        for path in modules.rglob("*.js")
    }
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)
