"""`python -m labeling.simulation`."""

import subprocess
import sys
from pathlib import Path

import pytest

from labeling.simulation.__main__ import main


def test_it_writes_a_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["field", "--seed", "3", "--size", "220", "--candidates", "8"]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    assert (tmp_path / "simulated_f555w_sim.fits").is_file()
    assert f"catalogue\t{tmp_path / 'catalogue.ecsv'}" in capsys.readouterr().out


def test_it_names_a_missing_file(
    tmp_path: Path, legus_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ngc1566", "--catalogue", str(legus_file), "--zero-points", str(tmp_path / "none")]
    assert main([*arguments, "--psf", str(tmp_path), "--output", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "none" in error


def test_it_needs_no_django_settings() -> None:
    command = [sys.executable, "-m", "labeling.simulation", "--help"]
    root = Path(__file__).parents[3]
    process = subprocess.run(
        command, cwd=root, env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True
    )
    assert "ngc1566" in process.stdout
