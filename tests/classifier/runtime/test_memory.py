"""classifier.runtime.memory: malloc is tuned with glibc, and left alone elsewhere."""

import ctypes

import pytest

from classifier.runtime.memory import keep_freed_memory


class Recorder:
    """Stands in for the C library."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...]] = []

    def mallopt(self, *values: int) -> None:
        self.calls.append(values)

    def malloc_trim(self, *values: int) -> None:
        self.calls.append(values)


@pytest.mark.parametrize(("platform", "calls"), [("linux", 5), ("darwin", 0)])
def test_it_tunes_malloc_on_linux_and_does_nothing_on_macos(platform, calls, monkeypatch):
    libc = Recorder()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
    monkeypatch.setattr("sys.platform", platform)
    with keep_freed_memory():
        pass
    assert len(libc.calls) == calls


def test_a_c_library_without_these_calls_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    monkeypatch.setattr("sys.platform", "linux")
    with keep_freed_memory():
        pass


def test_memory_is_returned_after_an_error(monkeypatch):
    libc = Recorder()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ValueError, match="stop"), keep_freed_memory():
        raise ValueError("stop")
    assert libc.calls[-1] == (0,)
