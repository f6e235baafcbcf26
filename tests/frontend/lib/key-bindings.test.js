/** Actions of keys, and changed bindings. */
import assert from "node:assert/strict";
import test from "node:test";
import { actionOf, addKey, isRemovable, keyOf, removeKey } from "../../../frontend/static/frontend/js/lib/key-bindings.js";

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

test("an action gets one more key, which is the first", () => {
  const result = addKey(bindings, "unsure", "q");
  assert.deepEqual("bindings" in result && result.bindings[1].keys, ["q", "5", "u"]);
  assert.deepEqual(bindings[1].keys, ["5", "u"]);
});

test("an action has four keys at most, as on the server", () => {
  const full = [{ action: "next", keys: ["n", "j", "m", "ArrowRight"], description: "" }];
  const result = addKey(full, "next", "q");
  assert.match("conflict" in result ? result.conflict : "", /4 keys at most/);
  const first = addKey(full, "next", "m");
  assert.deepEqual("bindings" in first && first.bindings[0].keys, ["m", "n", "j", "ArrowRight"]);
});

test("each key can be removed, except those that close a dialog", () => {
  assert.deepEqual(removeKey(bindings, "unsure", "5")[1].keys, ["u"]);
  assert.deepEqual(removeKey(bindings, "skip", "Space")[0].keys, []);
  assert.deepEqual(["u", "Escape"].map(isRemovable), [true, false]);
});

test("a key of another action is refused, with that action", () => {
  const result = addKey(bindings, "skip", "u");
  assert.match("conflict" in result ? result.conflict : "", /u is already used for: unsure: an answer/);
});

test("the same key again is no clash", () => {
  assert.ok("bindings" in addKey(bindings, "skip", "Space"));
});

test("keys that leave a dialog are refused", () => {
  for (const key of ["Escape", "Tab", ""]) assert.ok("conflict" in addKey(bindings, "skip", key));
});

test("the key of an action is its first one, and empty if it has none", () => {
  const bindings = [
    { action: "next", keys: ["j", "ArrowRight"], description: "" },
    { action: "skip", keys: [], description: "" },
  ];
  assert.deepEqual(["next", "skip", "none"].map((action) => keyOf(bindings, action)), ["j", "", ""]);
});
