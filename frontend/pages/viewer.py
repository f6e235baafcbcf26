"""Data for the scripts of pages with a viewer: key bindings, display settings, RGB options."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from classifier.core.bands import BANDS
from frontend.pages.keys import KEY_BINDINGS, bindings_as_json, key_bindings
from labeling.imaging.rgb import SOFTENINGS, STRETCHES
from labeling.models import Preferences


def viewer_context(user: User | AnonymousUser) -> dict[str, Any]:
    """Return the template context of a viewer, with this user's keys and display settings."""
    preferences = Preferences.of(user)
    bindings = key_bindings(preferences.keys)
    return {
        "bands": BANDS,
        "key_bindings": bindings,
        "keys_json": bindings_as_json(bindings),
        "default_keys_json": bindings_as_json(list(KEY_BINDINGS)),
        "display": preferences.display,
        "rgb_options": {"stretches": STRETCHES, "softenings": SOFTENINGS},
    }
