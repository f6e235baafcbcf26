/** Which action a key press stands for. */
import assert from "node:assert/strict";
import test from "node:test";
import { actionOf, chordOf } from "../../../frontend/static/frontend/js/lib/keys.js";

/** A key press as the browser tells it. */
const press = (key, code, more = {}) => ({
  key, code, repeat: false, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false,
  getModifierState: () => false, ...more,
});

for (const [chord, event] of [
  ["1", press("1", "Digit1")],
  ["1", press("1", "Numpad1")],
  ["1", press("&", "Digit1")], // French keyboard: the digit row without Shift
  ["Shift+1", press("!", "Digit1", { shiftKey: true })],
  ["Space", press(" ", "Space")],
  ["Backspace", press("Backspace", "Backspace")],
  ["Ctrl+z", press("z", "KeyZ", { ctrlKey: true })],
  ["Ctrl+z", press("z", "KeyZ", { metaKey: true })],
  ["?", press("?", "Slash", { shiftKey: true })],
  ["i", press("I", "KeyI")], // CapsLock
  ["I", press("I", "KeyI", { shiftKey: true })],
  ["[", press("[", "Digit5", { altKey: true, ctrlKey: true, getModifierState: () => true })], // AltGr
  ["", press("1", "Digit1", { altKey: true })],
]) {
  test(`it names ${event.code} with ${event.key} "${chord}"`, () => {
    assert.equal(chordOf(event), chord);
  });
}

const table = [{ action: "vote-1", keys: ["1"], does: "" }, { action: "undo", keys: ["Backspace", "Ctrl+z"], does: "" }];

test("it finds the action of any of its keys", () => {
  assert.equal(actionOf(press("1", "Digit1"), table), "vote-1");
  assert.equal(actionOf(press("z", "KeyZ", { ctrlKey: true }), table), "undo");
});

test("it ignores other keys, other modifiers and a key held down", () => {
  assert.equal(actionOf(press("7", "Digit7"), table), null);
  assert.equal(actionOf(press("1", "Digit1", { ctrlKey: true }), table), null);
  assert.equal(actionOf(press("1", "Digit1", { repeat: true }), table), null);
});
