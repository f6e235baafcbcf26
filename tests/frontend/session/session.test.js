/** What goes out when votes are taken back and given again, in whatever order. */
import assert from "node:assert/strict";
import test from "node:test";
import { History } from "../../../frontend/static/frontend/js/session/history.js";
import { OwnVote } from "../../../frontend/static/frontend/js/session/own-vote.js";
import { Session } from "../../../frontend/static/frontend/js/session/session.js";

let now = 0;
/** @type {Map<string, string>} */
const disk = new Map();
Object.assign(globalThis, {
  document: { documentElement: { dataset: {} } },
  sessionStorage: {
    getItem: (/** @type {string} */ key) => disk.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => disk.set(key, value),
  },
  requestAnimationFrame: (/** @type {() => void} */ painted) => painted(),
  setTimeout: (/** @type {() => void} */ then) => then(),
});
Object.defineProperty(globalThis, "performance", { value: { now: () => (now += 1000), measure() {} } });

/** @param {number} candidate @param {number} lease */
const served = (candidate, lease) => /** @type {any} */ ({ item: { candidate, lease: { id: lease } } });

/** ada's page with these in the queue; `sent` has what went out. @param {any[]} hand */
function page(...hand) {
  /** @type {any[]} */ const sent = [];
  const queue = {
    get current() { return hand[0]; },
    advance: () => hand.shift(),
    skip: () => hand.shift(),
    putBack: (/** @type {any} */ candidate) => hand.unshift(candidate),
  };
  const outbox = { add: (/** @type {any} */ entry) => sent.push(entry) };
  const history = new History("ada", (item) => /** @type {any} */ ({ item }));
  const [q, o, viewer] = /** @type {any[]} */ ([queue, outbox, { show: Boolean }]);
  const session = new Session(q, o, viewer, history, () => ({}), () => session.refresh());
  session.refresh();
  /** The vote that the last request replaces, by its index in `sent`. */
  const replaced = () => {
    const { replaces } = sent.at(-1).body;
    return replaces && sent.findIndex(({ uuid, method }) => uuid === replaces && method === "PUT");
  };
  return { session, sent, replaced };
}

/** A page on which nobody has been yet. @param {any[]} hand */
function fresh(...hand) {
  disk.clear();
  return page(...hand);
}

test("votes that were taken back one after the other are all replaced", () => {
  const { session, replaced } = fresh(served(1, 101), served(2, 102), served(3, 103));
  session.castVote(1);
  session.castVote(2);
  session.undo();
  session.undo();
  session.castVote(3);
  assert.equal(replaced(), 0);
  session.castVote(4);
  assert.equal(replaced(), 1);
  session.castVote(1);
  assert.equal(replaced(), undefined);
});

test("another class for an earlier vote leaves what was taken back as it is", () => {
  const { session, replaced } = fresh(served(1, 101), served(2, 102));
  session.castVote(1);
  session.castVote(2);
  session.undo();
  session.review(0);
  session.castVote(4);
  assert.equal(replaced(), 0);
  session.castVote(3);
  assert.equal(replaced(), 1);
});

test("a vote is taken back and given again as often as one likes", () => {
  const { session, sent, replaced } = fresh(served(1, 101));
  session.castVote(1);
  for (const latest of [0, 2, 4]) {
    session.undo();
    session.castVote(2);
    assert.equal(replaced(), latest);
  }
  assert.deepEqual(sent.map(({ method }) => method[0]).join(""), "PDPDPDP");
});

test("what was taken back and skipped is replaced when it comes again, after a reload too", () => {
  const { session, sent } = fresh(served(1, 101), served(2, 102));
  session.castVote(1);
  session.undo();
  session.skip();
  assert.equal(session.retractedVote, null);
  const later = page(served(1, 200));
  assert.equal(later.session.currentVote?.label, 1);
  later.session.castVote(2);
  assert.equal(later.sent[0].body.replaces, sent[0].uuid);
});

test("a candidate that was served twice is replaced vote by vote", () => {
  const { session, replaced } = fresh(served(1, 101), served(1, 102));
  session.castVote(1);
  session.castVote(2);
  session.review(0);
  session.undo();
  session.undo();
  session.castVote(3);
  assert.equal(replaced(), 1);
  session.castVote(3);
  assert.equal(replaced(), 0);
});

test("a flag and a comment come back with the vote that was taken back", () => {
  const { session, sent } = fresh(served(1, 101), served(2, 102));
  session.annotate({ comment: "two peaks", flagged: true });
  session.castVote(1);
  assert.deepEqual(session.annotation, { comment: "", flagged: false });
  session.undo();
  assert.deepEqual(session.annotation, { comment: "two peaks", flagged: true });
  session.castVote(3);
  const { comment, flagged } = sent.at(-1).body;
  assert.deepEqual([comment, flagged], ["two peaks", true]);
  assert.deepEqual(session.annotation, { comment: "", flagged: false });
});

test("a page that was left open for two days sends a time that the server accepts", () => {
  const { session, sent } = fresh(served(1, 101));
  now += 2 * 86_400_000;
  session.castVote(1);
  assert.equal(sent[0].body.seconds, 86_400);
});

test("on a candidate's page one's vote is cast, changed, taken back and cast again", () => {
  const candidate = served(1, 0);
  const earlier = { uuid: "u1", label: 3, certainty: "sure", reason: "", comment: "a", flagged: true, answers: [] };
  const own = new OwnVote(candidate, /** @type {any} */ (earlier));
  /** @type {any[]} */ const sent = [];
  const [outbox, viewer] = /** @type {any[]} */ ([{ add: sent.push.bind(sent) }, { show: Boolean }]);
  const session = new Session(own, outbox, viewer, own, () => ({}), () => session.refresh());
  session.refresh();
  assert.deepEqual(session.annotation, { comment: "a", flagged: true });
  session.castVote(2, { certainty: "possible" });
  session.undo();
  session.undo();
  session.castVote("unsure");
  assert.deepEqual(
    sent.map(({ method, body }) => [method, body?.label, body?.certainty]),
    [["PUT", 2, "possible"], ["DELETE", undefined, undefined], ["PUT", "unsure", "sure"]],
  );
  assert.equal(sent[0].body.replaces, "u1");
  assert.equal(sent[1].uuid, sent[0].uuid);
  assert.equal(sent[2].body.replaces, sent[0].uuid);
  assert.equal(own.reviewedVote?.label, "unsure");
});
