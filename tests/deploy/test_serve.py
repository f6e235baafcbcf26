"""`manage.py serve`, as its users start and stop it."""

import json
import os
import signal
import socket
import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from tests.services.site import Site


def companions(site):
    """Command lines of the processes in the site's folder, without the server itself."""
    commands = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            # Redis writes its title over its environment.
            home = process.environ().get("ASTERISM_HOME", command)
        except psutil.Error:
            continue
        if str(site.home) in home and process.pid != site.process.pid:
            commands.append(command)
    return commands


def gone(site, seconds=15):
    """Whether all of the site's companions have ended in time."""
    deadline = time.monotonic() + seconds
    while companions(site):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_for_worker(site, seconds=60):
    """Return when the worker answers."""
    deadline = time.monotonic() + seconds
    while b'"status": "ok"' not in urlopen(f"{site.url}/readyz", timeout=10).read():
        assert time.monotonic() < deadline, (site.home / "logs" / "worker.log").read_text()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def one_site(tmp_path_factory):
    """A site that each of these tests takes as the one before left it: its first start is slow."""
    site = Site(tmp_path_factory.mktemp("serve") / "home", "--no-demo")
    site.wait()
    yield site
    site.stop()


@pytest.fixture
def site(one_site):
    """An empty site that answers, started again if it was stopped."""
    if one_site.process.poll() is not None:
        one_site.start()
        one_site.wait()
    yield one_site
    assert one_site.process.poll() is None or gone(one_site)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_everything_that_it_started(site, how):
    wait_for_worker(site)
    assert any("redis.sock" in command for command in companions(site))
    site.stop(how)
    assert site.process.returncode == 0
    assert companions(site) == []


def test_every_child_ends_when_the_server_is_killed(site):
    wait_for_worker(site)
    site.stop(signal.SIGKILL)
    assert gone(site)


def test_it_keeps_the_data_and_prints_their_folder(site):
    site.manage("shell", "-c", "from labeling.models import *; Field.objects.create(name='kept')")
    site.stop()
    site.start()
    site.wait()
    count = "from labeling.models import *; print(Field.objects.filter(name='kept').count())"
    assert site.manage("shell", "-v0", "-c", count).strip() == "1"
    assert f"Asterism is at {site.url}/ (Ctrl-C stops it)" in site.log.read_text()


def test_it_resumes_a_run_that_was_interrupted(site):
    rows = "from labeling.models import *; from django.contrib.auth.models import User; "
    begun = "status='running', heartbeat_at='2999-01-01T00:00Z'"
    make = f"TrainingRun.objects.create(requested_by=User.objects.create(), {begun})"
    site.manage("shell", "-v0", "-c", rows + make)
    site.stop()
    site.start()
    site.wait()
    wait_for_worker(site)
    error = rows + "print(TrainingRun.objects.get().error)"
    message = ""
    for _ in range(10):
        message = message or site.manage("shell", "-v0", "-c", error).strip()
    assert "training_set.csv is missing; queue a new run" in message


def test_a_second_server_on_the_same_folder_is_refused(site):
    second = Site(site.home, "--no-demo")
    assert second.process.wait(60) == 1
    assert f"CommandError: Another `manage.py serve` uses {site.home}" in second.log.read_text()
    assert site.answers()


def test_an_occupied_port_is_reported_before_anything_is_started(tmp_path):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        site = Site(tmp_path, "--no-demo", "--port", str(port))
        assert site.process.wait(60) == 1
    lines = site.log.read_text().strip().splitlines()
    assert lines == [
        f"CommandError: Port {port} of 127.0.0.1 is in use or not allowed; choose another one, "
        f"for instance `make run PORT={port + 1}`."
    ]
    assert (tmp_path / "db.sqlite3").stat().st_size == 0
    assert not (tmp_path / "redis").exists()


def test_an_invalid_port_is_refused(tmp_path):
    site = Site(tmp_path, "--no-demo", "--port", "http")
    assert site.process.wait(60) == 2
    assert "'http' is not a port; give a number from 1 to 65535" in site.log.read_text()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one loopback address")
def test_it_serves_only_this_machine(site):
    assert urlopen(f"{site.url}/healthz", timeout=10).headers["Server"] == "Asterism"
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect((f"127.0.0.{os.getpid() % 200 + 2}", site.port))


def test_it_starts_behind_a_proxy_that_speaks_tls(site):
    site.stop()
    proxied = {"HTTPS": "1", "ALLOWED_HOSTS": "example.org", "http_proxy": "http://127.0.0.1:9"}
    behind = Site(site.home, "--no-demo", environment=proxied)
    deadline = time.monotonic() + 60
    while f"Asterism is at {behind.url}/" not in behind.log.read_text():
        assert time.monotonic() < deadline, behind.log.read_text()
        time.sleep(0.1)
    behind.stop()
    assert behind.process.returncode == 0


def web_server_of(site):
    """The guard of the web server, which is ended together with it."""
    return next(
        process
        for process in psutil.Process(site.process.pid).children()
        if "deploy.wsgi" in process.cmdline()
    )


def test_while_the_web_server_is_down_requests_are_refused_at_once(site):
    os.killpg(web_server_of(site).pid, signal.SIGKILL)
    with pytest.raises(HTTPError) as refusal:
        urlopen(f"{site.url}/api/v1/queue/", timeout=20)
    problem = json.loads(refusal.value.read())
    # It starts again by itself after a second.
    deadline = time.monotonic() + 60
    while not site.answers():
        assert time.monotonic() < deadline, site.log.read_text()
        time.sleep(0.1)
    log = site.log.read_text()
    assert (refusal.value.code, refusal.value.headers["Retry-After"]) == (503, "2")
    assert problem["detail"] == "The web server is being started again; try again in a few seconds."
    assert f"web ended; it starts again in 1 s. Its log: {site.home / 'logs' / 'web.log'}" in log
    assert "web was started again." in log
