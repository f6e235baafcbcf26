/** Changing keys: what clashes is refused. */
import assert from "node:assert/strict";
import test from "node:test";
import { rebound } from "../../../frontend/static/frontend/js/session/key-help.js";

const table = [
  { action: "skip", keys: ["Space"], does: "skip" },
  { action: "unsure", keys: ["5", "u"], does: "unsure: an answer" },
];

test("an action gets another key", () => {
  const answer = rebound(table, "unsure", "q");
  assert.deepEqual("table" in answer && answer.table[1].keys, ["q"]);
  assert.deepEqual(table[1].keys, ["5", "u"]);
});

test("a key that stands for another action is refused, and says for which", () => {
  const answer = rebound(table, "skip", "u");
  assert.match("clash" in answer ? answer.clash : "", /u already means: unsure: an answer/);
});

test("the same key again is no clash", () => {
  assert.ok("table" in rebound(table, "skip", "Space"));
});

test("keys that leave a dialog are refused", () => {
  for (const chord of ["Escape", "Tab", ""]) assert.ok("clash" in rebound(table, "skip", chord));
});
