"""StepClock: the time that a step of an import still takes, at its speed until now."""

import pytest

from labeling.ingest import progress


@pytest.fixture
def now(monkeypatch):
    """The time in s, to be set."""
    times = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: times[0])
    return times


def test_the_time_left_follows_the_speed_of_the_step(now):
    clock = progress.StepClock()
    assert clock.seconds_left(0, 100, "rows") is None
    now[0] = 10.0
    assert clock.seconds_left(20, 100, "rows") == pytest.approx(40.0)
    now[0] = 30.0
    assert clock.seconds_left(50, 100, "rows") == pytest.approx(30.0)
    assert clock.seconds_left(100, 100, "rows") is None


def test_each_step_has_its_own_speed(now):
    clock = progress.StepClock()
    clock.seconds_left(0, 100, "stamps")
    now[0] = 50.0
    assert clock.seconds_left(0, 100, "rows") is None
    now[0] = 54.0
    assert clock.seconds_left(25, 100, "rows") == pytest.approx(12.0)


def test_the_first_second_tells_nothing(now):
    clock = progress.StepClock()
    clock.seconds_left(0, 100, "rows")
    now[0] = 0.5
    assert clock.seconds_left(1, 100, "rows") is None
