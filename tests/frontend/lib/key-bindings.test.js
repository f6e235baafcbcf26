/** Actions of keys, and changed bindings. */
import assert from "node:assert/strict";
import test from "node:test";
import { actionOf, keyOf, rebind } from "../../../frontend/static/frontend/js/lib/key-bindings.js";

/** A key press as an event of the browser. */
const press = (key, code, more = {}) => ({
  key, code, repeat: false, isComposing: false, shiftKey: false, ctrlKey: false, metaKey: false,
  altKey: false, getModifierState: () => false, ...more,
});

const votes = [{ action: "vote-1", keys: ["1"], description: "" }, { action: "undo", keys: ["Backspace", "Ctrl+z"], description: "" }];

test("it finds the action of any of its keys", () => {
  assert.equal(actionOf(press("1", "Digit1"), votes), "vote-1");
  assert.equal(actionOf(press("z", "KeyZ", { ctrlKey: true }), votes), "undo");
});

test("it ignores other keys, other modifiers and a key held down", () => {
  assert.equal(actionOf(press("7", "Digit7"), votes), null);
  assert.equal(actionOf(press("1", "Digit1", { ctrlKey: true }), votes), null);
  assert.equal(actionOf(press("1", "Digit1", { repeat: true }), votes), null);
});

const bindings = [
  { action: "skip", keys: ["Space"], description: "skip" },
  { action: "unsure", keys: ["5", "u"], description: "unsure: an answer" },
];

test("an action gets another key", () => {
  const result = rebind(bindings, "unsure", "q");
  assert.deepEqual("bindings" in result && result.bindings[1].keys, ["q"]);
  assert.deepEqual(bindings[1].keys, ["5", "u"]);
});

test("a key of another action is refused, with that action", () => {
  const result = rebind(bindings, "skip", "u");
  assert.match("conflict" in result ? result.conflict : "", /u is already used for: unsure: an answer/);
});

test("the same key again is no clash", () => {
  assert.ok("bindings" in rebind(bindings, "skip", "Space"));
});

test("keys that leave a dialog are refused", () => {
  for (const key of ["Escape", "Tab", ""]) assert.ok("conflict" in rebind(bindings, "skip", key));
});

test("the key of an action is its first one, and empty if it has none", () => {
  const bindings = [
    { action: "next", keys: ["j", "ArrowRight"], description: "" },
    { action: "skip", keys: [], description: "" },
  ];
  assert.deepEqual(["next", "skip", "none"].map((action) => keyOf(bindings, action)), ["j", "", ""]);
});
