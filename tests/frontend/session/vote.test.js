/** What a vote says besides its class. */
import assert from "node:assert/strict";
import test from "node:test";
import { voteDetails } from "../../../frontend/static/frontend/js/session/vote.js";

const reasons = { star: "Star", galaxy: "background galaxy" };
const plain = /** @type {const} */ ({ certainty: "sure", reason: "", flagged: false, comment: "" });

test("a plain vote has no details, a reason is in lower case", () => {
  assert.deepEqual(voteDetails(plain, reasons), []);
  assert.deepEqual(voteDetails({ ...plain, reason: "star" }, reasons), ["star"]);
});

test("reason, certainty, flag and comment are named in this order", () => {
  const vote = /** @type {const} */ ({
    certainty: "possible", reason: "galaxy", flagged: true, comment: "two peaks",
  });
  const expected = ["background galaxy", "possible", "flagged", "“two peaks”"];
  assert.deepEqual(voteDetails(vote, reasons), expected);
});

test("a long comment is cut after 39 characters, never within one", () => {
  const [comment] = voteDetails({ ...plain, comment: "🌟".repeat(41) }, reasons);
  assert.equal(comment, `“${"🌟".repeat(39)}…”`);
  const [kept] = voteDetails({ ...plain, comment: "a".repeat(40) }, reasons);
  assert.equal(kept, `“${"a".repeat(40)}”`);
});
