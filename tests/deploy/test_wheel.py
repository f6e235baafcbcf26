"""The wheel works without a checkout and with the declared dependencies alone."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from packaging.requirements import Requirement

from tests.services.site import NOT_INHERITED, ROOT, free_port

NOT_IN_A_CHECKOUT = shutil.ignore_patterns(".*", "node_modules", "var", "*.egg-info", "__pycache__")


def distributions(requirement: Requirement, names: set[str]) -> Iterator[metadata.Distribution]:
    """The installed distributions that a requirement needs, each once, without extras' cycles."""
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    if name in names:
        return
    names.add(name)
    distribution = metadata.distribution(requirement.name)
    yield distribution
    extras = {"", *requirement.extras}
    for needed in map(Requirement, distribution.requires or []):
        marker = needed.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield from distributions(needed, names)


def link_dependencies(site_packages: Path) -> None:
    """Let the environment see what the wheel requires, as this one has it, and nothing else."""
    (asterism,) = site_packages.glob("asterism-*.dist-info")
    names = {"asterism"}
    for requirement in map(Requirement, metadata.Distribution.at(asterism).requires or []):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        for distribution in distributions(requirement, names):
            for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
                link = site_packages / top
                if not link.exists():
                    link.symlink_to(Path(str(distribution.locate_file(top))))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, built from the sdist, and its dependencies without extras."""
    folder = tmp_path_factory.mktemp("wheel")
    source = shutil.copytree(ROOT, folder / "source", ignore=NOT_IN_A_CHECKOUT)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source]
    subprocess.run(build, check=True, capture_output=True)
    shutil.rmtree(source)
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (wheel,) = folder.glob("asterism-*.whl")
    python = environment / "bin" / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    pip = [sys.executable, "-m", "pip", "--python", str(python), *install]
    subprocess.run(pip, check=True)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    link_dependencies(site_packages)
    return environment


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment variables of somebody who has never started Asterism."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    for name in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH"):
        inherited.pop(name, None)
    return {**inherited, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "user data")}


def read(url: str, process: "subprocess.Popen[bytes]", seconds: float = 120) -> str:
    """The body of a successful response, once the server has started."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=10) as response:
                assert response.status == 200
                return str(response.read().decode())
        except (URLError, ConnectionError):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_it_serves_the_log_in_page_with_its_style_sheet(installed, environ, tmp_path):
    port, folder = free_port(), tmp_path / "empty"
    folder.mkdir()
    output = tmp_path / "output"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [installed / "bin" / "asterism", "serve", "--no-demo", "--port", str(port)],
            cwd=folder,
            env=environ,
            stdout=log,
            stderr=log,
        )
    try:
        page = read(f"http://127.0.0.1:{port}/login/", process)
        sheet = re.search(r'href="(/static/frontend/css/asterism[^"]*\.css)"', page)
        assert sheet is not None
        assert ":root {" in read(f"http://127.0.0.1:{port}{sheet[1]}", process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    lines = output.read_text().splitlines()
    assert process.returncode == 0
    assert lines[0].startswith(f"Data: {tmp_path / 'user data' / 'asterism'} ")
    assert lines[1].startswith("Trainings wait: ")
    assert list(folder.iterdir()) == []


def test_it_has_the_commands_of_all_apps(installed, environ, tmp_path):
    asterism = installed / "bin" / "asterism"
    listed = subprocess.run(
        [asterism, "help"], cwd=tmp_path, env=environ, check=True, capture_output=True, text=True
    )
    assert {"serve", "demo", "token", "import_field", "train"} <= set(listed.stdout.split())
    example = "from django.contrib.staticfiles import finders as f; print(f.find('{}'))"
    path = subprocess.run(
        [asterism, "shell", "-v0", "-c", example.format("frontend/examples/class-1-1.png")],
        cwd=tmp_path,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(installed) in path.stdout


@pytest.mark.parametrize(
    "package", ["celery_worker", "classifier", "deploy", "frontend", "labeling"]
)
def test_its_packages_are_typed(installed, package):
    assert list(installed.glob(f"lib/python*/site-packages/{package}/py.typed"))
