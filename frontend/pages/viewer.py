"""Data for the scripts of pages with a viewer: key bindings, settings, the answers to vote with."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from classifier.core.bands import BANDS
from frontend.pages.class_texts import CLASS_TEXTS, REASONS
from frontend.pages.keys import KEY_BINDINGS, bindings_as_json, key_bindings
from labeling.api.votes import VoteOut
from labeling.classes import Reason
from labeling.imaging.rgb import SOFTENINGS, STRETCHES
from labeling.models import Preferences, Vote
from labeling.rules.consensus import ConsensusStatus
from labeling.rules.decision_tree import TREE


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


def answers_context() -> dict[str, Any]:
    """Return the template context of the answers and their dialogs."""
    return {
        "classes": CLASS_TEXTS,
        "reasons": REASONS,
        "tree": [asdict(question) for question in TREE],
        "opinion_texts": {
            "statuses": dict(ConsensusStatus.choices),
            "reasons": dict(Reason.choices),
        },
    }


def own_vote(vote: Vote) -> dict[str, Any]:
    """Return a vote as the scripts have it."""
    content = VoteOut(vote).data
    names = ("label", "certainty", "reason", "comment", "flagged", "answers")
    return {"uuid": content["id"], **{name: content[name] for name in names}}
