"""Which package may import which, what each process loads, and that no imports form a circle."""

import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

import classifier
from tests.imports import PACKAGES, ROOT, circles, graph, imports, module_of, modules

TORCH = {"torch", "torchvision"}
WEB = {"django", "celery", "rest_framework"}

# For each part of the code: what it must not import, and which of our own it may.
RULES = {
    "classifier.core": (TORCH | WEB, {"classifier.core"}),
    "classifier": (WEB, {"classifier"}),
    "labeling": (TORCH, {"labeling", "classifier.core"}),
    "frontend": (TORCH, {"frontend", "labeling", "classifier.core"}),
    # The worker is a process of its own and names the settings that it runs with.
    "celery_worker": (set(), {"celery_worker", "labeling", "classifier", "deploy.settings"}),
    "deploy": (TORCH, set(PACKAGES)),
}


def inside(name, packages):
    """True if a dotted name is one of the packages, or in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def forbidden(part, path):
    """Imports of a file that the rules for its part of the code forbid."""
    never, ours = RULES[part]
    return [
        f"line {line}: {target}"
        for line, target, *_ in imports(path)
        if inside(target, never) or (inside(target, PACKAGES) and not inside(target, ours))
    ]


@pytest.mark.parametrize("part", RULES)
def test_it_imports_only_what_its_package_may(part):
    files = {name: path for name, path in modules().items() if inside(name, [part])}
    assert files
    assert {name: lines for name, path in files.items() if (lines := forbidden(part, path))} == {}


def test_no_module_of_ours_is_imported_in_a_function():
    hidden = [
        (name, line)
        for name, path in modules().items()
        for line, target, in_function, _ in imports(path)
        if in_function and inside(target, PACKAGES)
    ]
    assert hidden == []


def test_imports_and_strings_name_modules_that_exist():
    broken = [
        (name, line, target)
        for name, path in modules().items()
        for line, target, *_ in imports(path)
        if inside(target, PACKAGES) and module_of(target) is None
    ]
    assert broken == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef f():\n    from labeling.models import Vote\n",
        "import typing\nif typing.TYPE_CHECKING:\n    from labeling.models import Vote\n",
        "x = 1\n\nimport_string('labeling.models.Vote')\n",
    ],
)
def test_the_rules_include_imports_in_functions_for_types_and_in_strings(tmp_path, source):
    path = tmp_path / "sly.py"
    path.write_text(source)
    assert forbidden("classifier", path) == ["line 3: labeling.models.Vote"]
    assert module_of("labeling.models.Vote") == "labeling.models"
    assert module_of("labeling.models.Bote") is None


def test_imports_form_no_circle():
    assert circles(graph()) == []


def test_a_circle_is_detected():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}
    assert circles(edges) == [("a", "b", "c")]


def test_models_are_imported_not_looked_up_by_name():
    files = {n: p for n, p in modules().items() if "migrations" not in p.parts}
    assert [n for n, p in files.items() if "get_model(" in p.read_text()] == []


def loaded(statements):
    """Names of the modules that a fresh interpreter has loaded after some statements."""
    code = f"import sys\n{statements}\nprint(*sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "deploy.settings"}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment
    )
    assert process.stderr == ""
    return set(process.stdout.split())


ADDRESSES = "from django.urls import get_resolver; get_resolver().url_patterns"
COMMANDS = """
import django, importlib
django.setup()
from django.core.management import get_commands
for name, app in get_commands().items():
    if app in ("labeling", "deploy"):
        importlib.import_module(f"{app}.management.commands.{name}")
"""


@pytest.mark.parametrize("statements", [f"import deploy.wsgi\n{ADDRESSES}", COMMANDS])
def test_neither_the_web_process_nor_a_command_loads_torch(statements):
    names = loaded(statements)
    assert "labeling.models" in names
    assert not names & TORCH
    networks = {name for name in names if inside(name, ["classifier"])} - {"classifier"}
    assert {name for name in networks if not inside(name, ["classifier.core"])} == set()


def test_a_worker_that_waits_has_not_loaded_torch():
    names = loaded("from celery_worker.app import app; app.loader.import_default_modules()")
    assert "celery_worker.tasks" in names
    assert not names & TORCH


def test_commands_do_not_load_the_packages_of_agreement():
    # Every command checks the addresses, which lead to the pages of agreement.
    names = loaded(f"import django; django.setup()\n{ADDRESSES}")
    assert "labeling.agreement.groups" in names
    assert not names & {"pandas", "sklearn", "statsmodels", "crowdkit"}


def test_the_core_of_the_classifier_loads_neither_torch_nor_django():
    core = [name for name in modules() if inside(name, ["classifier.core"])]
    assert not loaded(f"import {', '.join(core)}") & (TORCH | WEB)


def test_the_public_names_of_the_classifier_are_lazy_and_complete():
    assert not loaded("import classifier") & TORCH
    assert set(classifier.__all__) == set(classifier._MODULES)
    for name in classifier.__all__:
        assert module_of(f"classifier.{name}") == "classifier", "it is imported for types too"
        assert getattr(classifier, name) is not None


SCRIPTS = ROOT / "frontend/static/frontend/js"
# Which folders of browser modules a folder may import, besides itself.
SCRIPT_RULES = {
    "lib": set(),
    "viewer": {"lib"},
    "examine": {"lib"},
    "session": {"lib", "viewer", "examine"},
    "import": {"lib"},
}


def script_imports():
    """Paths that each browser module names in its imports, those of types in comments included."""
    reference = re.compile(r"""(?:from\s*|import\(|import\s*)["'](\.[^"']+)["']""")
    return {
        path: {(path.parent / name).resolve() for name in reference.findall(path.read_text())}
        for path in SCRIPTS.rglob("*.js")
    }


def test_no_circle_of_browser_modules():
    # Not of types either: the storage that names files by their content follows comments too,
    # and a circle has no last name.
    edges = script_imports()
    assert len(list(TopologicalSorter(edges).static_order())) >= len(edges)


def test_browser_modules_import_only_the_folders_below_theirs():
    violations = [
        f"{path.relative_to(SCRIPTS)} -> {target.relative_to(SCRIPTS)}"
        for path, targets in script_imports().items()
        for target in targets
        if target.parent != path.parent and target.parent.name not in SCRIPT_RULES[path.parent.name]
    ]
    assert violations == []


def test_each_export_of_a_browser_module_is_imported_by_another():
    # Tests alone do not count.
    exported = re.compile(r"^export (?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
    imported = re.compile(r"""^import \{([^}]*)\} from "(\.[^"]+)";""", re.MULTILINE)
    texts = {path: path.read_text() for path in SCRIPTS.rglob("*.js")}
    used = {
        ((path.parent / target).resolve(), name.strip())
        for path, text in texts.items()
        for names, target in imported.findall(text)
        for name in names.split(",")
    }
    exports = {(path, name) for path, text in texts.items() for name in exported.findall(text)}
    assert exports - used == set()
