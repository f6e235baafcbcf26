/** The votes of a session: back, forth, again, and taken back. */
import assert from "node:assert/strict";
import test from "node:test";
import { History } from "../../../frontend/static/frontend/js/session/history.js";

/** @type {Map<string, string>} */
const disk = new Map();
globalThis.sessionStorage = /** @type {any} */ ({
  getItem: (/** @type {string} */ key) => disk.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => disk.set(key, value),
});

/** @type {number[]} */
let fetched = [];
const fetchAgain = (/** @type {any} */ item) => {
  fetched.push(item.candidate);
  return /** @type {any} */ ({ item });
};

/** A session with votes on the candidates 1 to n. @param {number} n */
function session(n) {
  disk.clear();
  fetched = [];
  const history = new History("ada", fetchAgain);
  for (let candidate = 1; candidate <= n; candidate += 1) {
    const item = /** @type {any} */ ({ candidate, lease: { id: candidate + 100 } });
    const answer = { label: /** @type {const} */ (1), certainty: /** @type {const} */ ("sure"), reason: "", comment: "", flagged: false };
    history.add({ item, uuid: `u${candidate}`, ...answer }, /** @type {any} */ ({ item }));
  }
  return history;
}

/** @param {History} history */
const seen = (history) => history.candidate?.item.candidate ?? "queue";

test("it steps back to the first vote, and forward to the queue", () => {
  const history = session(2);
  assert.equal(seen(history), "queue");
  const positions = [-1, -1, -1, 1, 1, 1].map((by) => {
    history.step(/** @type {1 | -1} */ (by));
    return seen(history);
  });
  assert.deepEqual(positions, [2, 1, 1, 2, "queue", "queue"]);
});

test("another answer keeps its position", () => {
  const history = session(3);
  history.review(1);
  history.replace({ uuid: "new", label: 4, certainty: "sure", reason: "star", comment: "", flagged: false });
  assert.deepEqual(history.votes.map(({ uuid, label }) => [uuid, label]), [["u1", 1], ["new", 4], ["u3", 1]]);
  assert.equal(seen(history), 2);
});

test("it takes back the one that is looked at, else the last", () => {
  const history = session(3);
  history.review(0);
  assert.equal(history.retract()?.vote.uuid, "u1");
  assert.equal(seen(history), "queue");
  assert.equal(history.retract()?.vote.uuid, "u3");
  assert.deepEqual(history.votes.map(({ uuid }) => uuid), ["u2"]);
});

test("nothing is taken back from nothing", () => {
  assert.equal(session(0).retract(), null);
});

test("it keeps the latest pictures, and fetches the older ones again", () => {
  const history = session(30);
  history.review(29);
  history.candidate;
  assert.deepEqual(fetched, []);
  history.review(0);
  history.candidate;
  history.candidate;
  assert.deepEqual(fetched, [1]);
});

test("it survives a reload, but is another's for another", () => {
  session(3);
  assert.equal(new History("ada", fetchAgain).votes.length, 3);
  assert.equal(new History("bea", fetchAgain).votes.length, 0);
});

/** Another serving of a candidate. @param {number} candidate @param {number} lease */
const served = (candidate, lease) => /** @type {any} */ ({ candidate, lease: { id: lease } });

test("what was taken back is known until it is given again, after a reload too", () => {
  const history = session(2);
  history.retract();
  history.retract();
  const again = new History("ada", fetchAgain);
  const undone = () => [1, 2, 3].map((candidate) => again.retractedVoteOn(served(candidate, 0))?.uuid);
  assert.deepEqual(undone(), ["u1", "u2", undefined]);
  const item = served(2, 200);
  again.add(/** @type {any} */ ({ item, uuid: "new" }), /** @type {any} */ ({ item }));
  assert.deepEqual(undone(), ["u1", undefined, undefined]);
});

test("what was taken back long ago is not taken up by another serving", ({ mock }) => {
  const history = session(1);
  history.retract();
  const later = Date.now() + 3_600_000;
  mock.method(Date, "now", () => later);
  assert.deepEqual([101, 200].map((lease) => history.retractedVoteOn(served(1, lease))?.uuid), ["u1", undefined]);
});

test("two votes on one candidate are taken back as they were served", () => {
  const history = session(1);
  const item = served(1, 200);
  history.add({ ...history.votes[0], item, uuid: "again" }, /** @type {any} */ ({ item }));
  history.retract();
  history.retract();
  assert.deepEqual([200, 101].map((lease) => history.retractedVoteOn(served(1, lease))?.uuid), ["again", "u1"]);
});
