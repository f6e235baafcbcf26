/** The outbox keeps every vote until the server has said yes. */
import assert from "node:assert/strict";
import test from "node:test";
import { ApiError, NetworkError } from "../../../frontend/static/frontend/js/lib/api.js";
import { Outbox } from "../../../frontend/static/frontend/js/session/outbox.js";

/** A disk that lives as long as the test. */
function disk(entries = []) {
  const rows = new Map(entries.map((entry) => [entry.seq, structuredClone(entry)]));
  return {
    rows,
    all: async () => [...rows.values()].sort((a, b) => a.seq - b.seq),
    put: async (entry) => rows.set(entry.seq, structuredClone(entry)),
    remove: async (seq) => rows.delete(seq),
  };
}

const vote = (candidate, method = "PUT") => ({ uuid: `u${candidate}`, candidate, method });
const settled = () => new Promise((resolve) => { setTimeout(resolve, 5); });

/** An outbox of ada's, whose server answers as told; `sent` lists what arrived. */
function outbox(store, answer = async () => {}) {
  const sent = [];
  const box = new Outbox(store, "ada", async (entry) => {
    await answer(entry);
    sent.push(`${entry.method} ${entry.uuid}`);
  }, () => {});
  return { box, sent };
}

test("it is on disk before it is sent, and gone when the server said yes", async () => {
  const store = disk();
  let onDisk = 0;
  const { box, sent } = outbox(store, async () => { onDisk = store.rows.size; });
  await box.add(vote(1));
  await settled();
  assert.deepEqual([onDisk, sent, store.rows.size, box.state.condition], [1, ["PUT u1"], 0, "saved"]);
});

test("it keeps votes while the network is away and sends them when it is back", async () => {
  const store = disk();
  let away = true;
  const { box, sent } = outbox(store, async () => { if (away) throw new NetworkError("away"); });
  await box.add(vote(1));
  await box.add(vote(2));
  await settled();
  assert.deepEqual([box.state.condition, box.state.waiting, store.rows.size], ["offline", 2, 2]);
  away = false;
  box.retry();
  await settled();
  assert.deepEqual([sent, box.state.condition, store.rows.size], [["PUT u1", "PUT u2"], "saved", 0]);
});

test("it sends what an earlier page left, and not what others left", async () => {
  const store = disk([{ ...vote(1), seq: 1, user: "ada" }, { ...vote(2), seq: 2, user: "bea" }]);
  const { box, sent } = outbox(store);
  await box.open();
  await settled();
  assert.deepEqual(sent, ["PUT u1"]);
  assert.equal(store.rows.size, 1);
});

test("it asks for a log-in when the session has expired, and keeps the vote", async () => {
  const store = disk();
  const { box } = outbox(store, async () => { throw new ApiError(401, "Log in."); });
  await box.add(vote(1));
  await settled();
  assert.deepEqual([box.state.condition, store.rows.size], ["login", 1]);
  box.retry = () => {};
});

for (const status of [500, 503, 507]) {
  test(`it keeps a vote that the server cannot store (${status}), and sends it again`, async () => {
    const store = disk();
    let failures = 1;
    const { box, sent } = outbox(store, async () => {
      if (failures--) throw new ApiError(status, "The server's disk is full.");
    });
    await box.add(vote(1));
    await settled();
    assert.deepEqual([box.state.condition, box.state.refused, store.rows.size], ["offline", [], 1]);
    box.retry();
    await settled();
    assert.deepEqual([sent.at(-1), box.state.condition, store.rows.size], ["PUT u1", "saved", 0]);
  });
}

test("it undoes a vote after the vote, even when the vote is slow", async () => {
  const { box, sent } = outbox(disk(), ({ method }) => (method === "PUT" ? settled() : Promise.resolve()));
  box.add(vote(1));
  box.add(vote(1, "DELETE"));
  box.add(vote(2));
  await settled();
  await settled();
  assert.deepEqual(sent.filter((line) => line.endsWith("u1")), ["PUT u1", "DELETE u1"]);
});

test("it sets a refused vote apart with its reason, and goes on", async () => {
  const store = disk();
  const { box, sent } = outbox(store, async ({ candidate }) => {
    if (candidate === 1) throw new ApiError(409, "Known with another content.");
  });
  await box.add(vote(1));
  await box.add(vote(2));
  await settled();
  assert.deepEqual(box.state.refused.map(({ refused }) => refused), ["Known with another content."]);
  assert.deepEqual([sent, box.state.condition, store.rows.size], [["PUT u2"], "saved", 1]);
  await box.dismiss();
  assert.equal(store.rows.size, 0);
});

test("it says so when the disk refuses", async () => {
  const store = { ...disk(), put: () => Promise.reject(new Error("full")) };
  const { box } = outbox(store, () => new Promise(() => {}));
  await box.add(vote(1));
  assert.equal(box.state.condition, "volatile");
});
