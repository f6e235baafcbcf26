"""Preferences: how a person wants the pages to look and to be worked."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models


class Theme(models.TextChoices):
    """Light on dark or dark on light."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system", "as the computer has it"


class Preferences(models.Model):
    """One person's settings, on whatever computer they sit."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences"
    )
    display = models.JSONField(default=dict, blank=True, help_text="Stretch, limits, colours …")
    keys = models.JSONField(default=dict, blank=True, help_text="Lists of chords by action.")
    theme = models.CharField(choices=Theme, default=Theme.DARK, max_length=8)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.user}"

    @classmethod
    def of(cls, user: Any) -> Self:
        """The person's own, or what everybody starts with; asking writes nothing."""
        return cls.objects.filter(user=user).first() or cls(user=user)

    @classmethod
    def change(cls, user: Any, **sections: Any) -> Self:
        """Replace these sections and no others: two windows may change two at once."""
        preferences, _ = cls.objects.update_or_create(user=user, defaults=sections)
        return preferences
