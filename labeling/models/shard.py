"""Shards of an application: parts of a field that workers claim and predict side by side."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from labeling.models.job import silent_since


class ShardQuerySet(models.QuerySet["Shard"]):
    """Queries about shards."""

    def waiting(self) -> Self:
        """Shards that are not predicted and that no worker is at, or one that fell silent."""
        free = Q(worker="") | silent_since("heartbeat_at")
        return self.filter(free, predicted=False).order_by("number")


class Shard(models.Model):
    """Some consecutive candidates of a field, which one worker predicts at a time."""

    application = models.ForeignKey("Application", models.CASCADE, related_name="shards")
    number = models.PositiveIntegerField(help_text="From 0.")
    first = models.BigIntegerField(help_text="Number of the first candidate.")
    last = models.BigIntegerField(help_text="Number of the last candidate.")
    count = models.PositiveIntegerField(help_text="Candidates in it.")
    worker = models.CharField(max_length=120, blank=True, help_text="Host and process.")
    heartbeat_at = models.DateTimeField(null=True, help_text="Time of its worker's last report.")
    fraction = models.FloatField(default=0.0, help_text="Share of it that is predicted, 0 to 1.")
    predicted = models.BooleanField(default=False)

    objects = ShardQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["application", "number"], name="one_shard_per_number")
        ]

    def __str__(self) -> str:
        return f"shard {self.number + 1} of {self.application}"

    def pass_to(self, worker: str) -> bool:
        """Give it to this worker, unless another was faster."""
        waiting = Shard.objects.waiting().filter(pk=self.pk, worker=self.worker)
        return bool(waiting.order_by().update(worker=worker, heartbeat_at=Now(), fraction=0.0))
