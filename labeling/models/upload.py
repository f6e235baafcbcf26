"""Uploads: files that an administrator sends through the page, in chunks, to be imported."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousFileOperation
from django.db import models, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.text import get_valid_filename

from labeling.models.idempotency_key import IdempotencyKey
from labeling.models.import_job import ImportJob
from labeling.models.mosaic import Mosaic
from labeling.rules.conflicts import JobConflict

NAME_BYTES = 200
"""Of a file's name; file systems allow 255, and some of our own files add an ending."""


class NoSpace(Exception):
    """The disk, or the share of it that uploads may take, is full; says what to do."""


class UploadConflict(JobConflict):
    """A chunk does not fit to what has arrived, or the file is in use; says why."""


def safe_name(name: str) -> str:
    """Return a file name without folders, control characters and others that need quoting.

    Raises ValueError if nothing is left of it.
    """
    base = name.replace("\\", "/").rpartition("/")[2]
    try:
        valid = get_valid_filename(base).lstrip(".")
    except SuspiciousFileOperation:
        valid = ""
    if not valid:
        raise ValueError(f"{name!r} is no name of a file.")
    stem, dot, ending = valid.partition(".")
    tail = f"{dot}{ending}".encode()[-NAME_BYTES // 2 :].decode(errors="ignore")
    return stem.encode()[: NAME_BYTES - len(tail.encode())].decode(errors="ignore") + tail


class UploadQuerySet(models.QuerySet["Upload"]):
    """Queries about uploads, and the method that starts one."""

    def unused(self) -> Self:
        """Uploads that no import has taken yet."""
        return self.filter(job=None)

    def expired(self) -> Self:
        """Uploads that have waited too long, or whose import ended long ago."""
        limit = timezone.now() - settings.UPLOAD_LIFETIME
        ended = Q(job=None) | Q(job__finished_at__lt=limit)
        return self.filter(ended, created_at__lt=limit)

    def remaining_bytes(self) -> int:
        """Return the number of bytes that these uploads have still to receive."""
        return sum(upload.size - upload.received for upload in self)

    @transaction.atomic
    def begin(
        self, account: User, name: str, size: int, key: IdempotencyKey | None = None
    ) -> Upload:
        """Make an upload without content. Raises NoSpace."""
        stored = self.aggregate(bytes=Sum("size"))["bytes"] or 0
        if stored + size > settings.UPLOAD_TOTAL_BYTES:
            raise NoSpace(
                f"Uploads may take {_gib(settings.UPLOAD_TOTAL_BYTES)} in all, and "
                f"{_gib(stored)} are taken; remove files that were uploaded before."
            )
        check_space(self.unused().remaining_bytes() + size)
        upload = self.create(account=account, name=name, size=size)
        if key:
            key.record(upload)
        return upload


def check_space(size: int) -> None:
    """Raise NoSpace unless so many bytes fit on the disk, and enough space stays free."""
    settings.UPLOADS.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.UPLOADS).free
    if free - size < settings.DISK_RESERVE_BYTES:
        raise NoSpace(
            f"The server's disk has {_gib(free)} of space, of which "
            f"{_gib(settings.DISK_RESERVE_BYTES)} are kept free; make space, then try again."
        )


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


class Upload(models.Model):
    """One file on its way to the server, or there; its size on disk is what has arrived."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField("size (bytes)")
    folder = models.UUIDField(
        default=uuid4, unique=True, editable=False, help_text="Folder name in UPLOADS."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    job = models.ForeignKey(ImportJob, models.SET_NULL, null=True, related_name="uploads")

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """The file, in a folder of its own."""
        return Path(settings.UPLOADS) / self.folder.hex / self.name

    @property
    def received(self) -> int:
        """Number of bytes that have arrived."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def is_complete(self) -> bool:
        """True if all bytes have arrived."""
        return self.received == self.size

    @property
    def is_mosaic(self) -> bool:
        """True if it is a mosaic of a field, whose pixels are read from it."""
        return Mosaic.objects.filter(path=str(self.path)).exists()

    def write_chunk(self, offset: int, chunk: bytes) -> int:
        """Store bytes of the file from `offset` on; return how many bytes have arrived.

        A chunk that is sent again changes nothing. Raises UploadConflict if it leaves a gap,
        exceeds the size or differs from what has arrived, and NoSpace.
        """
        if offset + len(chunk) > self.size:
            raise UploadConflict(f"{self.name} has {self.size} bytes; the chunk ends beyond them.")
        check_space(len(chunk))
        with self._locked() as file:
            received = file.seek(0, os.SEEK_END)
            if offset > received:
                raise UploadConflict(
                    f"{received} bytes of {self.name} have arrived; go on from there."
                )
            file.seek(offset)
            present = file.read(len(chunk))
            if not chunk.startswith(present):
                raise UploadConflict(f"Other bytes of {self.name} have arrived at {offset}.")
            self._append(file, received, chunk[len(present) :])
            return max(received, offset + len(chunk))

    def remove(self) -> None:
        """Delete the file and its row. Raises UploadConflict if an import uses it."""
        if (self.job and self.job.is_active) or self.is_mosaic:
            raise UploadConflict(f"{self.name} is in use by an import.")
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self.delete()

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """Open the file for one writer at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _append(self, file: BinaryIO, received: int, content: bytes) -> None:
        """Write the content to the disk, or nothing of it."""
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(received)
            raise
