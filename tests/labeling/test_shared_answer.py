"""An answer that the processes of a server share."""

import os
import signal

from labeling.shared_answer import SharedAnswer


def in_child(action):
    """Exit status of a forked process that runs `action`."""
    pid = os.fork()
    if pid == 0:
        os._exit(int(action()))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_processes_share_it():
    answer = SharedAnswer(os.getpid, seconds=60, oldest_s=60)
    assert in_child(lambda: answer.get() == os.getpid()) == 1
    child = answer.get()
    assert child != os.getpid()
    assert in_child(lambda: answer.get() == child) == 1


def test_a_process_that_is_killed_while_computing_stops_no_other():
    parent = os.getpid()

    def compute():
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return "computed"

    answer = SharedAnswer(compute, seconds=60, oldest_s=60)
    assert in_child(answer.get) == -signal.SIGKILL
    assert answer.get() == "computed"


def test_it_is_computed_again_when_it_is_old():
    numbers = iter(range(10))
    answer = SharedAnswer(lambda: next(numbers), seconds=-1, oldest_s=60)
    assert [answer.get(), answer.get()] == [0, 1]
