"""The Django app of candidates and of what people and networks say of them."""

from django.apps import AppConfig

from labeling.db import durability

__all__ = ["LabelingConfig", "durability"]


class LabelingConfig(AppConfig):
    """Fields, candidates, votes, consensus, training runs and exports."""

    name = "labeling"
    verbose_name = "Asterism"
