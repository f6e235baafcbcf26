"""The classify page in Chromium with the keys of other keyboards, sent by the DevTools protocol."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.classify_page import VOTES, outbox_shows, painted, saved_votes

pytestmark = pytest.mark.beside("sqlite")

NUMPAD = 3
SHIFT = 8
VIRTUAL_KEY = {"ArrowLeft": 0x25, "ArrowRight": 0x27, "End": 0x23, "Insert": 0x2D}


@pytest.fixture
def press(ada: Page) -> Callable[..., None]:
    """A function that presses and releases a key of any keyboard in ada's window."""
    devtools = ada.context.new_cdp_session(ada)

    def press_key(key: str, code: str, modifiers: int = 0) -> None:
        event = {
            "key": key,
            "code": code,
            "modifiers": modifiers,
            "windowsVirtualKeyCode": VIRTUAL_KEY.get(key, ord(code[-1])),
            "isKeypad": code.startswith("Numpad"),
            "location": NUMPAD if code.startswith("Numpad") else 0,
        }
        text = {"text": key} if len(key) == 1 else {}
        kind = "keyDown" if text else "rawKeyDown"
        devtools.send("Input.dispatchKeyEvent", {"type": kind, **text, **event})
        devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    return press_key


@pytest.mark.parametrize(
    ("keyboard", "key", "code", "modifiers", "label", "certainty"),
    [
        ("French", "&", "Digit1", 0, 1, "sure"),
        ("French", "4", "Digit4", SHIFT, 4, "possible"),
        ("Czech", "+", "Digit1", 0, 1, "sure"),
        ("Russian", "г", "KeyU", 0, "unsure", "sure"),
        ("Greek", "θ", "KeyU", 0, "unsure", "sure"),
        ("Dvorak", "u", "KeyF", 0, "unsure", "sure"),
        ("keypad with NumLock", "4", "Numpad4", 0, 4, "sure"),
    ],
)
def test_a_key_of_another_keyboard_votes(
    ada, press, keyboard, key, code, modifiers, label, certainty
):
    first = painted(ada)
    with ada.expect_response(VOTES) as answer:
        press(key, code, modifiers)
    body = answer.value.request.post_data_json
    assert (body["label"], body["certainty"]) == (label, certainty)
    painted(ada, other_than=first)
    outbox_shows(ada, "saved")


def test_the_keypads_arrows_go_back_and_forward_without_a_vote(ada, press):
    first = painted(ada)
    ada.keyboard.press("2")
    second = painted(ada, other_than=first)
    outbox_shows(ada, "saved")
    before = saved_votes(ada)
    press("ArrowLeft", "Numpad4")
    assert painted(ada, other_than=second) == first
    press("ArrowRight", "Numpad6")
    assert painted(ada, other_than=first) == second
    for key, code in (("End", "Numpad1"), ("Insert", "Numpad0")):
        press(key, code)
    assert painted(ada) == second
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before


def test_a_dialog_takes_the_digits_of_a_french_keyboard(ada, press):
    first = painted(ada)
    press("d", "KeyD")
    expect(ada.locator("#reasons")).to_be_visible()
    press("ArrowLeft", "Numpad4")
    expect(ada.locator("#reasons")).to_be_visible()
    with ada.expect_response(VOTES) as answer:
        press("é", "Digit2")
    reasons = [b.get_attribute("data-reason") for b in ada.locator("[data-reason]").all()]
    body = answer.value.request.post_data_json
    assert (body["label"], body["reason"]) == (4, reasons[1])
    painted(ada, other_than=first)


def test_the_questions_take_the_digits_of_a_french_keyboard(ada, press):
    press("q", "KeyA")
    question = ada.locator("#questions h3")
    first = question.inner_text()
    press("&", "Digit1")
    expect(question).not_to_have_text(first)


def test_an_action_gets_a_key_of_a_russian_keyboard(ada, press):
    press("?", "Digit7", SHIFT)
    row = ada.locator("tr[data-action-row='skip']")
    row.get_by_role("button", name="add a key").click()
    press("NumLock", "NumLock")
    with ada.expect_response(re.compile("/preferences/")):
        press("н", "KeyY")
    expect(row.locator("kbd")).to_have_text(["y", "Space"])
    ada.keyboard.press("Escape")
    first = painted(ada)
    press("н", "KeyY")
    painted(ada, other_than=first)


def test_a_character_in_use_is_refused_on_a_french_keyboard(ada, press):
    press("?", "KeyM", SHIFT)
    row = ada.locator("tr[data-action-row='skip']")
    row.get_by_role("button", name="add a key").click()
    press("-", "Digit6")
    expect(ada.locator("#key-conflict")).to_contain_text("- is already used for: zoom out")
    expect(row.locator("kbd")).to_have_text("Space")
