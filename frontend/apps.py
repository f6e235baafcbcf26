"""The Django app of the pages."""

from django.apps import AppConfig


class FrontendConfig(AppConfig):
    """Templates, style and scripts; it has no models."""

    name = "frontend"
