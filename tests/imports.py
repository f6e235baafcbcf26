"""The imports of our packages, read from their source; tests hold rules about them.

An import counts wherever it stands: in a function, for types only, or as a string that names one
of our modules (`"deploy.urls"`), because whoever reads the string imports the module.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import lil_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("classifier", "labeling", "frontend", "celery_worker", "deploy")

_DOTTED = re.compile(rf"({'|'.join(PACKAGES)})(\.[A-Za-z_]\w*)+")


class Import(NamedTuple):
    """One name that a file imports."""

    line: int
    target: str
    """Dotted path of a module, or of a name in a module."""
    in_function: bool = False
    is_string: bool = False


@cache
def modules():
    """Paths of the Python files of our packages, by the names of their modules."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {_module_name(path.relative_to(ROOT)): path for path in paths}


def _module_name(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(path):
    """Every import of a file. Migrations name models, not modules, in their strings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = {id(node) for function in functions for node in ast.walk(function)}
    names = [
        Import(node.lineno, target, id(node) in inner)
        for node in ast.walk(tree)
        for target in _targets(node)
    ]
    if "migrations" in path.parts:
        return names
    return names + [Import(*string, is_string=True) for string in _strings(tree)]


def _targets(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _strings(tree):
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _DOTTED.fullmatch(node.value)
    ]


def module_of(target):
    """Our module that a dotted path leads to; None for what is not ours, or leads nowhere."""
    if target in modules():
        return target
    module, _, name = target.rpartition(".")
    return module if module in modules() and name in _names(modules()[module]) else None


@cache
def _names(path):
    """Names that a module binds outside its functions and classes."""
    bound, nodes = set(), [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
            continue
        if isinstance(node, ast.alias):
            bound.add(node.asname or node.name)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        nodes += ast.iter_child_nodes(node)
    return bound


def graph():
    """Modules that each of our modules imports, itself left out."""
    return {
        module: {m for i in imports(path) if (m := module_of(i.target))} - {module}
        for module, path in modules().items()
    }


def circles(edges):
    """Sets of modules that reach one another, as sorted tuples; `edges` as `graph` returns them."""
    names = sorted(edges)
    matrix = lil_array((len(names), len(names)), dtype=bool)
    for row, name in enumerate(names):
        matrix[row, [names.index(target) for target in edges[name]]] = True
    _, component = connected_components(matrix, connection="strong")
    sets = [tuple(np.array(names)[component == i].tolist()) for i in np.unique(component)]
    return sorted(names for names in sets if len(names) > 1)
