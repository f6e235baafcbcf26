"""Store predictions or promote a run in a process that is killed meanwhile.

`python -m tests.labeling.models.killed_promotion RUN METHOD STEP`: the process calls this method of
the run, and kills itself after the first return of the run's method STEP.
"""

import os
import signal
import sys

import django

django.setup()

from labeling.models import TrainingRun  # noqa: E402
from tests.labeling.world import arrays_of  # noqa: E402


def kill_after(name):
    """Have this process killed when the method of this name has returned."""
    method = getattr(TrainingRun, name)

    def wrapper(*positional, **named):
        method(*positional, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(TrainingRun, name, wrapper)


def predictions_of(field):
    """Return predictions that name the classes 1, 2, 3, 4, 1 … in the order of the candidates."""
    pks = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    rows = [[0.7 if k == number % 4 else 0.1 for k in range(4)] for number in range(len(pks))]
    return arrays_of(pks, rows)


if __name__ == "__main__":
    run = TrainingRun.objects.get(pk=sys.argv[1])
    kill_after(sys.argv[3])
    if sys.argv[2] == "succeed":
        run.succeed(predictions_of(run.fields.get()), {})
    else:
        run.promote(run.requested_by)
