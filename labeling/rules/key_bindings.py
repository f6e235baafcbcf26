"""Key bindings of a user: lists of keys such as `Ctrl+z` by action, and the rules for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_ACTIONS = 200
MAX_KEYS = 4
MAX_CHARACTERS = 30

_RESERVED = {"Escape": "close", "Tab": None, "F5": None}
"""Keys of the browser, and the only action that each may have, if any."""


def first_problem(bindings: Mapping[str, Any]) -> str | None:
    """Return the first reason why the bindings are invalid, or None if they are valid."""
    return next(_problems(bindings), None)


def _problems(bindings: Mapping[str, Any]) -> Iterator[str]:
    if len(bindings) > MAX_ACTIONS:
        yield f"There are more than {MAX_ACTIONS} actions."
    action_by_key: dict[str, str] = {}
    for action, keys in bindings.items():
        yield from _problems_of_action(action, keys)
        for key in keys:
            base_key = key.rpartition("+")[2]
            if _RESERVED.get(base_key, action) != action:
                yield f"{key} is reserved and cannot stand for {action}."
            if action_by_key.setdefault(key, action) != action:
                yield f"{key} stands for two actions: {action_by_key[key]} and {action}."


def _problems_of_action(action: str, keys: Any) -> Iterator[str]:
    """Yield what is wrong with one action's keys, apart from the other actions."""
    if len(action) > MAX_CHARACTERS:
        yield f"An action has a name of more than {MAX_CHARACTERS} characters."
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        yield f"The keys of {action} must be a list of texts."
    if len(keys) > MAX_KEYS:
        yield f"{action} has more than {MAX_KEYS} keys."
    if not all(0 < len(key) <= MAX_CHARACTERS for key in keys):
        yield f"A key of {action} has no character, or more than {MAX_CHARACTERS}."
