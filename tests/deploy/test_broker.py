"""deploy.broker: the address of the broker, as Celery reads it."""

import pytest

from deploy.broker import broker_url, socket_path


@pytest.mark.parametrize(
    ("redis_url", "expected"),
    [
        ("redis://db:6379/1", "redis://db:6379/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
    ],
)
def test_it_takes_the_broker_from_the_environment(redis_url, expected, tmp_path):
    assert broker_url(redis_url, tmp_path) == expected


def test_a_space_in_the_folder_is_quoted(tmp_path):
    address = broker_url(None, tmp_path / "Application Support")
    assert address.endswith("/Application%20Support/redis/redis.sock")


def test_without_an_address_it_is_the_private_redis(tmp_path):
    assert broker_url(None, tmp_path) == f"redis+socket://{socket_path(tmp_path)}"
