"""The Django app of settings, commands and checks."""

from django.apps import AppConfig

from deploy import checks

__all__ = ["DeployConfig", "checks"]


class DeployConfig(AppConfig):
    """`serve`, `demo` and the checks of a deployment."""

    name = "deploy"
