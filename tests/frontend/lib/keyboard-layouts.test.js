/**
 * Keys of the classify page on keyboard layouts: a key counts by the character that it gives.
 * `key`, `code` and `location` are those of UI Events (https://www.w3.org/TR/uievents-code/).
 */
import assert from "node:assert/strict";
import test from "node:test";
import { actionOf, addKey, keyName, numberOf } from "../../../frontend/static/frontend/js/lib/key-bindings.js";

const NUMPAD = 3;

/** The event of a key press; `held` are modifiers and locks that are on, as for getModifierState. */
const press = (key, code, ...held) => ({
  key, code,
  location: code.startsWith("Numpad") ? NUMPAD : 0,
  repeat: false,
  isComposing: false,
  shiftKey: held.includes("Shift"),
  ctrlKey: held.includes("Control"),
  metaKey: held.includes("Meta"),
  altKey: held.includes("Alt"),
  getModifierState: (name) => held.includes(name),
});

/** The keys at first, as in frontend/pages/keys.py. */
const bindings = Object.entries({
  "vote-1": ["1"], "vote-2": ["2"], "vote-3": ["3"], "vote-4": ["4"],
  "possible-1": ["Shift+1"], "possible-2": ["Shift+2"], "possible-3": ["Shift+3"], "possible-4": ["Shift+4"],
  questions: ["q"], unsure: ["5", "u"], skip: ["Space"], undo: ["Backspace", "Ctrl+z"],
  previous: ["p", "ArrowLeft"], next: ["n", "ArrowRight"], statistics: ["m"], aperture: ["a"],
  "zoom-in": ["z", "+", "="], "zoom-out": ["Z", "-"], "zoom-reset": ["0"], view: ["w"],
  "stretch-previous": ["["], "stretch-next": ["]"], limits: ["\\"], invert: ["i"],
  enlarge: ["Enter"], help: ["?"], close: ["Escape"],
}).map(([action, keys]) => ({ action, keys, description: action }));

/** @type {Record<string, [...Parameters<typeof press>, string | null][]>} presses and their action */
const LAYOUTS = {
  "US": [
    ["1", "Digit1", "vote-1"],
    ["!", "Digit1", "Shift", "possible-1"],
    ["5", "Digit5", "unsure"],
    ["^", "Digit6", "Shift", null],
    [")", "Digit0", "Shift", null],
    ["z", "KeyZ", "Control", "undo"],
    ["z", "KeyZ", "Meta", "undo"],
    ["z", "KeyZ", "zoom-in"],
    ["Z", "KeyZ", "Shift", "zoom-out"],
    ["?", "Slash", "Shift", "help"],
    ["=", "Equal", "zoom-in"],
    ["+", "Equal", "Shift", "zoom-in"],
    ["[", "BracketLeft", "stretch-previous"],
    [" ", "Space", "skip"],
    ["Backspace", "Backspace", "undo"],
    ["1", "Digit1", "Control", null],
    ["1", "Digit1", "Alt", null],
    ["-", "Minus", "Alt", null],
  ],
  "US with CapsLock": [
    ["I", "KeyI", "CapsLock", "invert"],
    ["U", "KeyU", "CapsLock", "unsure"],
    ["z", "KeyZ", "CapsLock", "Shift", "zoom-out"],
    ["1", "Digit1", "CapsLock", "vote-1"],
    ["!", "Digit1", "CapsLock", "Shift", "possible-1"],
  ],
  "AZERTY (France)": [
    ["&", "Digit1", "vote-1"],
    ["é", "Digit2", "vote-2"],
    ['"', "Digit3", "vote-3"],
    ["'", "Digit4", "vote-4"],
    ["(", "Digit5", "unsure"],
    ["1", "Digit1", "Shift", "possible-1"],
    ["4", "Digit4", "Shift", "possible-4"],
    ["5", "Digit5", "Shift", "unsure"],
    ["-", "Digit6", "zoom-out"],
    ["à", "Digit0", "zoom-reset"],
    ["0", "Digit0", "Shift", "zoom-reset"],
    ["a", "KeyQ", "aperture"],
    ["q", "KeyA", "questions"],
    ["z", "KeyW", "zoom-in"],
    ["z", "KeyW", "Control", "undo"],
    ["w", "KeyZ", "view"],
    ["m", "Semicolon", "statistics"],
    [",", "KeyM", null],
    ["?", "KeyM", "Shift", "help"],
    ["µ", "Backslash", "Shift", null],
    ["Dead", "BracketLeft", null],
    ["[", "Digit5", "AltGraph", "stretch-previous"],
    ["[", "Digit5", "AltGraph", "Control", "Alt", "stretch-previous"],
    ["\\", "Digit8", "AltGraph", "limits"],
    ["{", "Digit4", "AltGraph", null],
  ],
  "AZERTY with CapsLock": [
    ["1", "Digit1", "CapsLock", "vote-1"], // Windows
    ["&", "Digit1", "CapsLock", "Shift", "possible-1"],
    ["É", "Digit2", "CapsLock", "vote-2"], // Linux and macOS
    ["Q", "KeyA", "CapsLock", "questions"],
  ],
  "QWERTZ (Germany)": [
    ["1", "Digit1", "vote-1"],
    ["§", "Digit3", "Shift", "possible-3"],
    ["/", "Digit7", "Shift", null],
    ["=", "Digit0", "Shift", "zoom-in"],
    ["z", "KeyY", "zoom-in"],
    ["z", "KeyY", "Control", "undo"],
    ["y", "KeyZ", "Control", null],
    ["ü", "BracketLeft", null],
    ["+", "BracketRight", "zoom-in"],
    ["-", "Slash", "zoom-out"],
    ["?", "Minus", "Shift", "help"],
    ["[", "Digit8", "AltGraph", "stretch-previous"],
    ["\\", "Minus", "AltGraph", "limits"],
    ["[", "Digit5", "Alt", "stretch-previous"], // macOS: Option
  ],
  "QWERTZ (Czech)": [
    ["+", "Digit1", "vote-1"],
    ["ě", "Digit2", "vote-2"],
    ["š", "Digit3", "vote-3"],
    ["č", "Digit4", "vote-4"],
    ["1", "Digit1", "Shift", "possible-1"],
    ["=", "Minus", "zoom-in"],
  ],
  "Cyrillic (Russia)": [
    ["1", "Digit1", "vote-1"],
    ['"', "Digit2", "Shift", "possible-2"],
    ["?", "Digit7", "Shift", "help"],
    ["г", "KeyU", "unsure"],
    ["г", "KeyU", "CapsLock", "Shift", null],
    ["Г", "KeyU", "CapsLock", "unsure"],
    ["Я", "KeyZ", "Shift", "zoom-out"],
    ["я", "KeyZ", "Control", "undo"],
    ["х", "BracketLeft", "stretch-previous"],
    ["ъ", "BracketRight", "stretch-next"],
    ["\\", "Backslash", "limits"],
    [".", "Slash", null],
  ],
  "Greek": [
    ["1", "Digit1", "vote-1"],
    ["υ", "KeyY", null],
    ["θ", "KeyU", "unsure"],
    ["ζ", "KeyZ", "zoom-in"],
    ["Ζ", "KeyZ", "Shift", "zoom-out"],
    ["ς", "KeyW", "view"],
    [";", "KeyQ", "questions"],
    ["?", "Slash", "Shift", "help"],
    ["Dead", "Semicolon", null],
  ],
  "Arabic, Thai, Hebrew and Kana": [
    ["١", "Digit1", "vote-1"],
    ["ๅ", "Digit1", "vote-1"],
    ["/", "Digit2", "vote-2"],
    ["لا", "KeyB", null],
    ["ั", "KeyY", null],
    ["ี", "KeyU", "unsure"],
    ["/", "KeyQ", "questions"],
    ["ぬ", "Digit1", "vote-1"],
    ["な", "KeyU", "unsure"],
    ["Process", "Digit1", null],
  ],
  "Dvorak": [
    ["1", "Digit1", "vote-1"],
    ["$", "Digit4", "Shift", "possible-4"],
    ["u", "KeyF", "unsure"],
    ["g", "KeyU", null],
    ["'", "KeyQ", null],
    [",", "KeyW", null],
    ["z", "Slash", "Control", "undo"],
    [";", "KeyZ", null],
    ["[", "Minus", "stretch-previous"],
    ["?", "BracketLeft", "Shift", "help"],
  ],
  "Dvorak for the left hand": [
    ["[", "Digit1", "stretch-previous"],
    ["p", "Digit4", "previous"],
    ["4", "Digit9", "vote-4"],
  ],
  "keypad with NumLock": [
    ["1", "Numpad1", "NumLock", "vote-1"],
    ["4", "Numpad4", "NumLock", "vote-4"],
    ["0", "Numpad0", "NumLock", "zoom-reset"],
    ["+", "NumpadAdd", "NumLock", "zoom-in"],
    ["Enter", "NumpadEnter", "NumLock", "enlarge"],
    ["ArrowLeft", "Numpad4", "NumLock", "previous"], // Windows: Shift is hidden from the page
    ["ArrowLeft", "Numpad4", "NumLock", "Shift", "previous"], // Linux
    ["4", "Numpad4", "NumLock", "Shift", "possible-4"], // macOS
  ],
  "keypad without NumLock": [
    ["End", "Numpad1", null],
    ["ArrowDown", "Numpad2", null],
    ["PageDown", "Numpad3", null],
    ["ArrowLeft", "Numpad4", "previous"],
    ["Clear", "Numpad5", null],
    ["ArrowRight", "Numpad6", "next"],
    ["Home", "Numpad7", null],
    ["Insert", "Numpad0", null],
    ["Delete", "NumpadDecimal", null],
  ],
};

for (const [layout, presses] of Object.entries(LAYOUTS)) {
  for (const [key, code, ...rest] of presses) {
    const held = rest.slice(0, -1);
    const action = rest.at(-1);
    test(`${layout}: ${[...held, code].join("+")} gives ${key}: ${action}`, () => {
      assert.equal(actionOf(press(key, code, ...held), bindings), action);
    });
  }
}

test("a press while a text is composed has no action", () => {
  assert.equal(actionOf({ ...press("1", "Digit1"), isComposing: true }, bindings), null);
});

for (const [number, ...event] of [
  [1, "1", "Digit1"],
  [1, "&", "Digit1"],
  [1, "1", "Digit1", "Shift"], // French keyboard
  [2, "ě", "Digit2"],
  [4, "4", "Numpad4", "NumLock"],
  [null, "!", "Digit1", "Shift"],
  [null, "ArrowLeft", "Numpad4"],
  [null, "End", "Numpad1"],
  [null, "1", "Digit1", "Control"],
  [null, "1", "Digit1", "Alt"],
  [null, " ", "Space"],
  [null, "Tab", "Tab"],
]) {
  test(`a dialog takes ${event.join(" ")} for the answer ${number}`, () => {
    assert.equal(numberOf(press(...event)), number);
  });
}

for (const [name, ...event] of [
  ["1", "&", "Digit1"],
  ["ArrowLeft", "ArrowLeft", "Numpad4"],
  ["End", "End", "Numpad1"],
  ["u", "г", "KeyU"],
  ["ö", "ö", "Semicolon"],
  ["-", "-", "Digit6"], // French keyboard: the key has an action, by its character
  ["7", "è", "Digit7"],
  ["", "NumLock", "NumLock"],
  ["", "Dead", "BracketLeft"],
]) {
  test(`another key: ${event.join(" ")} is stored as "${name}"`, () => {
    assert.equal(keyName(press(...event), bindings), name);
  });
}

test("a key that has an action by its character is refused for another action", () => {
  const key = keyName(press("-", "Digit6"), bindings);
  const result = addKey(bindings, "skip", key);
  assert.match("conflict" in result ? result.conflict : "", /already used for: zoom-out/);
});
