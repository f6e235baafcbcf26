"""Checks of `manage.py check --deploy` besides those of Django."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from deploy.demo_accounts import known_password_error


@register(Tags.security, deploy=True)
def check_known_passwords(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse the accounts of the demonstration."""
    try:
        reason = known_password_error()
    except DatabaseError:  # not there yet, or without tables
        return []
    return [Error(reason, id="asterism.E001")] if reason else []


@register(Tags.security, deploy=True)
def check_data_folder(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of a data folder that others on this machine can read."""
    if settings.HOME.stat().st_mode & 0o077:
        text = f"Other accounts of this machine can read {settings.HOME}."
        return [Warning(text, hint=f"chmod 700 {settings.HOME}", id="asterism.W001")]
    return []
