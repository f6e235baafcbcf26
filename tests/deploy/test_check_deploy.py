"""`manage.py check --deploy` has nothing to say about settings of production."""

import os
import subprocess
import sys

from tests.services.site import ROOT

PRODUCTION = {
    "HTTPS": "1",
    "ALLOWED_HOSTS": "asterism.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://asterism.example.org",
    "SECRET_KEY": "k8Zr3yQvN1uXc5TjW0mLb7Ha9sPdEfGoI2VtRqYzUxKn4B6M-of-tests",
}


def check_deploy(home, **settings):
    """Run the check in a process with these settings; return its status and output."""
    environment = {**os.environ, **PRODUCTION, **settings, "ASTERISM_HOME": str(home)}
    # The latter is set by the tests in a browser, and refused by Django.
    for name in ("DATABASE_URL", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        environment.pop(name, None)
    command = [sys.executable, str(ROOT / "manage.py"), "check", "--deploy"]
    result = subprocess.run(
        [*command, "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def test_settings_of_production_are_clean(tmp_path):
    status, output = check_deploy(tmp_path / "home")
    assert (status, output) == (0, "System check identified no issues (0 silenced).\n")


def test_it_reports_a_server_without_https(tmp_path):
    status, output = check_deploy(tmp_path / "home", HTTPS="0")
    assert status == 1
    assert "security.W012" in output
