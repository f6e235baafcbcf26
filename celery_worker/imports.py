"""Carry out an import in a process of its own, follow its messages, and record its end."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings

from celery_worker.errors import InvalidJob
from labeling.models import ImportJob, ImportStage

LIMIT_S = {ImportStage.PREVIEW: 20 * 60, ImportStage.IMPORT: 12 * 3600}
"""Time after which a process is ended."""
HEARTBEAT_S = 1.0

Message = Mapping[str, Any]


def run_job(job: ImportJob) -> None:
    """Make the preview, or import. Raises InvalidJob with a sentence if a file is refused."""
    with _process(job) as process:
        try:
            _follow(job, process)
        finally:
            process.kill()


def _process(job: ImportJob) -> subprocess.Popen[bytes]:
    """Start the process; it has one thread, as each thread's stack counts as memory."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return subprocess.Popen(
        [sys.executable, "-m", "celery_worker.import_process", str(job.pk)],
        cwd=settings.ROOT,
        env={**os.environ, **threads},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _follow(job: ImportJob, process: subprocess.Popen[bytes]) -> None:
    """Record each report of progress and the end. Raises RunCancelled if the job was cancelled."""
    progress: Message = {}
    deadline = time.monotonic() + LIMIT_S[ImportStage(job.stage)]
    for message in _messages(process.stdout):
        if time.monotonic() > deadline:
            minutes = LIMIT_S[ImportStage(job.stage)] // 60
            raise InvalidJob(f"Reading the files took longer than {minutes} minutes; split them.")
        if message is None or "progress" in message:
            progress = message["progress"] if message else progress
            job.record(progress)
        elif "refused" in message:
            job.refuse(message["refused"], message.get("preview", {}))
            return
        else:
            job.succeed(**message["result"])
            return
    raise InvalidJob(_reason_of_end(process.wait()))


def _reason_of_end(code: int) -> str:
    """Return a sentence on a process that ended without a result."""
    if code < 0:
        return (
            f"The process that read the files was ended by signal {-code}. They may need more "
            "memory than the machine has; cut or split them, or try again."
        )
    return "The process that read the files ended unexpectedly; see the log of the worker."


def _messages(stream: IO[bytes] | None) -> Iterator[Message | None]:
    """Yield the messages as they come, and None after each HEARTBEAT_S without one."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(stream, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=HEARTBEAT_S)
        except queue.Empty:
            yield None
            continue
        if not line:
            return
        yield json.loads(line)


def _read_lines(stream: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Put each line into the queue, and an empty one at the end."""
    for line in stream:
        lines.put(line)
    lines.put(b"")
