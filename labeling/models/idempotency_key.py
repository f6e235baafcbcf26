"""Keys of requests that make something: the same request, sent again, makes nothing new."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Self

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone


class KeyReused(Exception):
    """A key was sent again with another request."""


def _digest(*parts: Any) -> str:
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class IdempotencyKey(models.Model):
    """The key of a request that was answered, and the row that it made.

    A client that gets no answer sends the request again with the same key, and gets the same row.
    The key is stored in the transaction that makes the row, so that both exist or neither.
    """

    digest = models.CharField(
        primary_key=True, max_length=64, help_text="sha256 of account, address and key."
    )
    request_digest = models.CharField(max_length=64, help_text="sha256 of the body.")
    row = models.BigIntegerField(help_text="Primary key of the row that the request made.")
    used_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.digest

    @classmethod
    def of(cls, account: User, address: str, key: str, body: Any) -> Self:
        """Return the key of this request, not stored yet."""
        return cls(digest=_digest(account.pk, address, key), request_digest=_digest(body))

    def once(self, make: Callable[[], models.Model | None]) -> int | None:
        """Return the primary key of the row that the request made before, or makes now.

        `make` calls `record` in its transaction; it may make nothing. Raises KeyReused.
        """
        if (earlier := self._earlier()) is not None:
            return earlier
        try:
            row = make()
        except Exception:
            # The same request, carried out meanwhile, may be why this one is refused.
            if (earlier := self._earlier()) is None:
                raise
            return earlier
        return None if row is None else row.pk

    def record(self, row: models.Model) -> None:
        """Store the key with the row; IntegrityError if the same request has just stored it."""
        self.row = row.pk
        self.save(force_insert=True)

    def _earlier(self) -> int | None:
        """Return the row of the same request, if it was carried out before."""
        stored = type(self).objects.filter(pk=self.digest).first()
        if stored is None:
            return None
        if stored.request_digest != self.request_digest:
            raise KeyReused("This Idempotency-Key was sent before with another request.")
        return stored.row
