/** The queue keeps at least six candidates in hand and never asks for the same one twice. */
import assert from "node:assert/strict";
import test from "node:test";
import { ApiError } from "../../../frontend/static/frontend/js/lib/api.js";
import { Queue } from "../../../frontend/static/frontend/js/session/queue.js";

const item = (candidate) => ({ candidate, lease: { id: candidate + 100, expires_at: "" } });
const settled = () => new Promise((resolve) => { setImmediate(resolve); });

/** A queue on a server that leases these candidates in turn; `calls` lists what was asked. */
function queue(candidates, overrides = {}, onItsWay = new Set()) {
  const calls = [];
  const told = [];
  const note = (name) => async (argument) => { calls.push(`${name} ${argument}`); };
  const leases = {
    lease: async (count) => { calls.push(`lease ${count}`); return candidates.splice(0, count).map(item); },
    renew: note("renew"), skip: note("skip"), release: note("release"), ...overrides,
  };
  const load = (one) => ({ item: one, leased: true });
  const made = new Queue(leases, load, () => onItsWay, (supply) => told.push(supply));
  return { queue: made, calls, told };
}

const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);

test("it holds the current candidate and at least the next five, and refills in blocks", async () => {
  const { queue: q, calls } = queue(upTo(20));
  await q.fill();
  assert.equal(q.current.item.candidate, 1);
  for (const hand of [8, 7, 9, 8, 7, 9]) {
    q.advance();
    await settled();
    assert.equal(q.candidates.length, hand);
  }
  assert.deepEqual(calls, ["lease 9", "lease 3", "lease 3"]);
  q.close();
});

test("it drops candidates that are in hand, answered, or whose vote is on its way", async () => {
  const { queue: q } = queue([1, 7, 2, 1, 2, 1, 7, 2, 1, 1, 3], {}, new Set([7]));
  await q.fill();
  assert.equal(q.candidates.length, 2);
  q.advance();
  await settled();
  assert.deepEqual([q.current.item.candidate, q.candidates.length], [2, 2]); // 2, and 3
  q.close();
});

test("it asks for the next ones while an earlier request is still under way", async () => {
  const { queue: q, calls } = queue(upTo(20));
  await q.fill();
  for (let votes = 0; votes < 6; votes += 1) q.advance();
  assert.deepEqual(calls, ["lease 9", "lease 3", "lease 3"]);
  await settled();
  assert.equal(q.candidates.length, 9);
  q.close();
});

test("it shows an undone candidate again without its lease", async () => {
  const { queue: q, calls } = queue([1, 2, 3, 4]);
  await q.fill();
  const first = q.current;
  q.advance();
  q.putBack(first);
  assert.equal(q.current, first);
  await q.renew();
  assert.ok(!calls.includes("renew 101") && calls.includes("renew 102"));
  q.close();
});

test("it hands every lease back when the page closes", async () => {
  const { queue: q, calls } = queue([1, 2]);
  await q.fill();
  q.close();
  assert.deepEqual(calls.slice(1), ["release 101", "release 102"]);
});

test("it gives up a prefetched candidate whose lease was lost, not the one on screen", async () => {
  const renew = async () => { throw new ApiError(404, "No such lease."); };
  const { queue: q } = queue([1, 2], { renew });
  await q.fill();
  await q.renew();
  assert.deepEqual([q.current.item.candidate, q.candidates.length], [1, 1]);
  q.close();
});

test("it says why there is nothing", async () => {
  const empty = queue([]);
  await empty.queue.fill();
  assert.deepEqual(empty.told, ["loading", "empty"]);
  const expired = queue([], { lease: async () => { throw new ApiError(401, "Log in."); } });
  await expired.queue.fill();
  assert.deepEqual(expired.told, ["loading", "login"]);
  const restarting = queue([], { lease: async () => { throw new ApiError(503, "Try again."); } });
  await restarting.queue.fill();
  assert.deepEqual(restarting.told, ["loading", "offline"]);
  for (const { queue } of [empty, expired, restarting]) queue.close();
});
