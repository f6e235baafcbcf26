"""labeling.rules.key_bindings: which bindings are valid."""

import pytest

from labeling.rules.key_bindings import first_problem

BINDINGS = {
    "vote-1": ["1"],
    "unsure": ["5", "u"],
    "undo": ["Backspace", "Ctrl+z"],
    "zoom-in": ["z", "+", "Ctrl++"],
    "blink": ["b"],
    "blink-back": ["B"],
    "close": ["Escape"],
    "help": [],
}


@pytest.mark.parametrize("bindings", [{}, BINDINGS, {"vote-1": ["1", "1"]}])
def test_keys_of_one_action_each_are_valid(bindings):
    assert first_problem(bindings) is None


def test_a_key_of_two_actions_is_reported_with_both():
    assert (
        first_problem(BINDINGS | {"flag": ["f", "u"]})
        == "u stands for two actions: unsure and flag."
    )


@pytest.mark.parametrize("key", ["Escape", "Tab", "F5", "Shift+Tab", "Ctrl+F5"])
def test_keys_of_the_browser_are_reserved(key):
    assert first_problem({"vote-1": [key]}) == f"{key} is reserved and cannot stand for vote-1."


@pytest.mark.parametrize(
    ("bindings", "reason"),
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
def test_invalid_bindings_are_reported(bindings, reason):
    assert first_problem(bindings) == reason


def test_the_largest_bindings_are_valid():
    bindings = {f"{n:030}": [f"{n:029}{k}" for k in range(4)] for n in range(200)}
    assert first_problem(bindings) is None
