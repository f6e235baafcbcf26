"""The locked packages install from wheels alone wherever Asterism is promised to run."""

import os
import re
import subprocess
import tomllib

import pytest
import uv
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.services.site import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
RUN_EXTRAS = ("worker", "diagnosis", "tables")
TORCH = "requirements-torch.txt"
INTEL_MAC = "x86_64-apple-darwin"
PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    INTEL_MAC,
)
# The oldest macOS that the locked version of PyTorch has wheels for.
OLDEST_MACOS = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
UNREACHABLE = re.compile(
    r"error sending request|Failed to fetch|dns error|timed out", re.IGNORECASE
)


def locked(name: str) -> dict[str, set[str]]:
    """Versions by package of a file of pins; they may differ by the version of Python."""
    pins: dict[str, set[str]] = {}
    for pin in re.findall(r"^[a-z][^;\s]*==\S+", (ROOT / name).read_text(), re.MULTILINE):
        package, version = pin.split("==")
        pins.setdefault(canonicalize_name(package), set()).add(version)
    return pins


def declared(*extras: str) -> list[Requirement]:
    """The requirements in pyproject.toml, with those of some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    names = [*project["dependencies"], *(name for extra in extras for name in optional[extra])]
    return [each for each in map(Requirement, names) if each.name != "asterism"]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_installs_from_wheels_alone(platform, python):
    # Macs with Intel processors serve pages; PyTorch and some developer tools have no wheels there.
    whole = platform != INTEL_MAC
    extras = ["--all-extras"] if whole else [f"--extra={extra}" for extra in RUN_EXTRAS]
    command = [
        *(uv.find_uv_bin(), "pip", "compile", "--quiet", "--only-binary", ":all:"),
        *("--python-platform", platform, "--python-version", python, *extras),
        *("pyproject.toml", "--constraints", LOCKS[whole], "--constraints", TORCH),
    ]
    environment = {**os.environ, **OLDEST_MACOS}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode and UNREACHABLE.search(result.stderr):
        pytest.skip("the package index cannot be reached")
    assert result.returncode == 0, result.stderr
    assert "django==" in result.stdout
    assert ("\ntorch==" in result.stdout) == whole


@pytest.mark.parametrize(
    ("lock", "extras"),
    [(LOCKS[0], RUN_EXTRAS), (LOCKS[1], (*RUN_EXTRAS, "dev"))],
)
def test_every_requirement_is_locked_in_its_range(lock, extras):
    pins = locked(lock) | locked(TORCH)
    versions = {each: pins.get(canonicalize_name(each.name), set()) for each in declared(*extras)}
    assert [
        str(requirement)
        for requirement, pinned in versions.items()
        if not any(requirement.specifier.contains(version) for version in pinned)
    ] == []


def test_both_locks_agree():
    run, dev = map(locked, LOCKS)
    assert run.items() <= dev.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock):
    pins = re.findall(r"^[a-z]\S*==.*\\\n    --hash=sha256:", (ROOT / lock).read_text(), re.M)
    assert len(pins) == sum(map(len, locked(lock).values()))
