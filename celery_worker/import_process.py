"""The process that reads the files of one import: `python -m celery_worker.import_process JOB`.

It has a limit of its own on memory, since files from outside are read in it, and ends with the
worker that started it. Messages are lines of JSON on its standard output.
"""

import json
import os
import resource
import sys
import threading
from contextlib import suppress
from typing import Any, TextIO

import django
from django.utils.module_loading import import_string

MEMORY_BYTES = 2 * 2**30
"""Of data; files that are mapped into memory do not count."""


def main(job: int) -> None:
    """Carry out the queued part of the job, under the limits."""
    output = _private_output()
    limit_memory(MEMORY_BYTES)
    threading.Thread(target=_end_with_worker, daemon=True).start()

    def send(message: dict[str, Any]) -> None:
        print(json.dumps(message), file=output, flush=True)

    try:
        django.setup()
        import_string("labeling.ingest.import_jobs.perform")(job, send)
    except MemoryError:
        size = MEMORY_BYTES // 2**30
        send({"refused": f"The files need more than {size} GiB of memory; split or cut them."})


def limit_memory(size: int) -> None:
    """Let allocations beyond this size fail; systems without such limits ignore it."""
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        limit = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _private_output() -> TextIO:
    """Return the standard output; what libraries print goes to the log instead."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return output


def _end_with_worker() -> None:
    """End this process when the worker has ended, which closes the standard input."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
