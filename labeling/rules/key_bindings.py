"""A person's own keys: chords such as `Ctrl+z` by action; which tables of them make sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ACTIONS = 200
CHORDS = 4
CHARACTERS = 30

_BELONGS_TO = {"Escape": "close", "Tab": None, "F5": None}
"""Keys by which people leave, move and reload; the action that has one, where one has."""


def first_problem(table: Mapping[str, Any]) -> str | None:
    """The first reason why a table of lists of chords by action cannot be used, if there is one."""
    return next(_reasons(table), None)


def _reasons(table: Mapping[str, Any]) -> Iterator[str]:
    if len(table) > ACTIONS:
        yield f"There are more than {ACTIONS} actions."
    meaning: dict[str, str] = {}
    for action, chords in table.items():
        yield from _ill_formed(action, chords)
        for chord in chords:
            key = chord.rpartition("+")[2]
            if _BELONGS_TO.get(key, action) != action:
                yield f"{chord} is reserved and cannot stand for {action}."
            if meaning.setdefault(chord, action) != action:
                yield f"{chord} stands for two actions: {meaning[chord]} and {action}."


def _ill_formed(action: str, chords: Any) -> Iterator[str]:
    """What is wrong with one action's chords, whatever the others are."""
    if len(action) > CHARACTERS:
        yield f"An action has a name of more than {CHARACTERS} characters."
    if not isinstance(chords, list) or not all(isinstance(chord, str) for chord in chords):
        yield f"The keys of {action} must be a list of texts."
    if len(chords) > CHORDS:
        yield f"{action} has more than {CHORDS} keys."
    if not all(0 < len(chord) <= CHARACTERS for chord in chords):
        yield f"A key of {action} has no character, or more than {CHARACTERS}."
