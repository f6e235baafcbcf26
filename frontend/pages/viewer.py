"""What the pages with a stage tell their scripts: keys, settings, scales of the pictures."""

from typing import Any

from classifier.core.bands import BANDS
from frontend.pages.keys import KEYS, as_json, keys_of
from labeling.imaging.rgb import SOFTENINGS, STRETCHES
from labeling.models import Preferences


def viewer_context(user: Any) -> dict[str, Any]:
    """The template context of a stage, with this person's keys and settings."""
    preferences = Preferences.of(user)
    keys = keys_of(preferences.keys)
    return {
        "bands": BANDS,
        "keys": keys,
        "keys_json": as_json(keys),
        "default_keys_json": as_json(list(KEYS)),
        "display": preferences.display,
        "rgb_options": {"stretches": STRETCHES, "softenings": SOFTENINGS},
    }
