"""labeling.rules.key_bindings: which tables of keys make sense."""

import pytest

from labeling.rules.key_bindings import first_problem

TABLE = {
    "vote-1": ["1"],
    "unsure": ["5", "u"],
    "undo": ["Backspace", "Ctrl+z"],
    "zoom-in": ["z", "+", "Ctrl++"],
    "blink": ["b"],
    "blink-back": ["B"],
    "close": ["Escape"],
    "help": [],
}


@pytest.mark.parametrize("table", [{}, TABLE, {"vote-1": ["1", "1"]}])
def test_each_chord_for_one_action_is_fine(table):
    assert first_problem(table) is None


def test_a_chord_for_two_actions_is_named_with_both():
    assert (
        first_problem(TABLE | {"flag": ["f", "u"]}) == "u stands for two actions: unsure and flag."
    )


@pytest.mark.parametrize("chord", ["Escape", "Tab", "F5", "Shift+Tab", "Ctrl+F5"])
def test_keys_to_leave_move_and_reload_are_reserved(chord):
    assert first_problem({"vote-1": [chord]}) == f"{chord} is reserved and cannot stand for vote-1."


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"undo": "z"}, "The keys of undo must be a list of texts."),
        ({"undo": None}, "The keys of undo must be a list of texts."),
        ({"undo": {"z": 1}}, "The keys of undo must be a list of texts."),
        ({"undo": ["z", 1]}, "The keys of undo must be a list of texts."),
        ({"undo": [["z"]]}, "The keys of undo must be a list of texts."),
        ({"undo": list("abcde")}, "undo has more than 4 keys."),
        ({"undo": ["x" * 31]}, "A key of undo has no character, or more than 30."),
        ({"undo": [""]}, "A key of undo has no character, or more than 30."),
        ({"x" * 31: ["u"]}, "An action has a name of more than 30 characters."),
        ({str(n): [] for n in range(201)}, "There are more than 200 actions."),
    ],
)
def test_anything_else_is_refused_with_a_reason(table, reason):
    assert first_problem(table) == reason


def test_the_largest_table_is_fine():
    table = {f"{n:030}": [f"{n:029}{k}" for k in range(4)] for n in range(200)}
    assert first_problem(table) is None
