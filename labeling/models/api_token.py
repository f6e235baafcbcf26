"""API tokens: keys of scripts, of which only a hash is stored."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone

USE_RESOLUTION = timedelta(hours=1)
"""A use is recorded once in this time, so that few requests write."""


def digest_of(key: str) -> str:
    """Return the stored hash. A key has 160 random bits or more, and needs no salt."""
    return sha256(key.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Queries about tokens, and methods that make and revoke them."""

    def live(self) -> Self:
        """Tokens that are not revoked."""
        return self.filter(revoked_at=None)

    def of_key(self, key: str) -> Self:
        """The token that has this key."""
        return self.filter(digest=digest_of(key))

    def issue(self, account: User, name: str) -> tuple[ApiToken, str]:
        """Create a token; return it and its key, which is not stored."""
        key = secrets.token_hex(32)
        return self.create(account=account, name=name, digest=digest_of(key)), key

    def revoke(self) -> int:
        """End these tokens; return the number of those that were valid."""
        return self.live().update(revoked_at=timezone.now())


class ApiToken(models.Model):
    """One key of an account. It ends when it is revoked or the account's password changes."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="What it is for, to recognise it by.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} of {self.account}"

    def record_use(self) -> None:
        """Record that the key was used now, at most once in USE_RESOLUTION."""
        now = timezone.now()
        earlier = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_RESOLUTION)
        if self.last_used_at is None or self.last_used_at < now - USE_RESOLUTION:
            ApiToken.objects.filter(earlier, pk=self.pk).update(last_used_at=now)
