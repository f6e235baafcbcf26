import assert from "node:assert/strict";
import test from "node:test";

import { sizeText } from "../../../frontend/static/frontend/js/import/sizes.js";
import { FileUpload } from "../../../frontend/static/frontend/js/import/upload.js";

const CONTENT = "0123456789".repeat(10);

/** A file that was chosen. */
function chosen(name = "f555w.fits") {
  return Object.assign(new Blob([CONTENT]), { name, lastModified: 7 });
}

/** An error as `api.js` throws it. */
const refusal = (status) =>
  Object.assign(new Error(`refused (${status})`), { status, temporary: status >= 500 });

/** A server in memory; `failures` are thrown by the next chunks, before or after they are stored. */
class Server {
  constructor({ failures = [], stored = "" } = {}) {
    Object.assign(this, { failures, stored, keys: [] });
  }

  #answer() {
    const { length } = this.stored;
    return { id: 5, name: "f555w.fits", size: CONTENT.length, offset: length, complete: length === CONTENT.length };
  }

  async begin(_name, _size, key) {
    this.keys.push(key);
    if (this.keys.length <= (this.spent ?? 0)) throw refusal(404);
    return this.#answer();
  }

  async read() {
    return this.#answer();
  }

  async put(_id, offset, chunk) {
    const { error, stored } = this.failures.shift() ?? {};
    if (error && !stored) throw error;
    if (offset > this.stored.length) throw refusal(409);
    this.stored = this.stored.slice(0, offset) + await chunk.text();
    if (error) throw error;
    return this.#answer();
  }
}

function sending(server, options = {}, name = undefined) {
  const offsets = [];
  const waits = [];
  const upload = new FileUpload(chosen(name), server, {
    chunkBytes: 30,
    onProgress: (state) => offsets.push(state.offset),
    onWait: () => waits.push(1),
    sleep: async () => undefined,
    ...options,
  });
  return { upload, offsets, waits };
}

test("it sends a file in chunks", async () => {
  const server = new Server();
  const { upload, offsets } = sending(server);
  assert.ok((await upload.send()).complete);
  assert.equal(server.stored, CONTENT);
  assert.deepEqual(offsets, [0, 30, 60, 90, 100]);
});

test("it goes on from what has arrived before", async () => {
  const server = new Server({ stored: CONTENT.slice(0, 75) });
  const { upload, offsets } = sending(server);
  await upload.send();
  assert.equal(server.stored, CONTENT);
  assert.deepEqual(offsets, [75, 100]);
});

for (const stored of [false, true]) {
  test(`a connection that is lost ${stored ? "after" : "before"} a chunk arrives loses nothing`, async () => {
    const failures = [{ error: new Error("lost"), stored }, { error: refusal(503), stored }];
    const server = new Server({ failures });
    const { upload, waits } = sending(server);
    await upload.send();
    assert.equal(server.stored, CONTENT);
    assert.equal(waits.length, 2);
  });
}

test("it does not repeat what the server refuses", async () => {
  for (const status of [400, 413, 507]) {
    const { upload, waits } = sending(new Server({ failures: [{ error: refusal(status) }] }));
    await assert.rejects(upload.send(), new RegExp(`${status}`));
    assert.equal(waits.length, 0);
  }
});

test("it takes the place that the server names after a conflict", async () => {
  const server = new Server();
  const { upload } = sending(server, {
    onProgress: (state) => { if (state.offset === 60) server.stored = CONTENT.slice(0, 10); },
  });
  await upload.send();
  assert.equal(server.stored, CONTENT);
});

test("a file whose uploads were removed gets another one, the same after a reload", async () => {
  const keys = [];
  for (let reload = 0; reload < 2; reload += 1) {
    const server = new Server();
    server.spent = 2;
    await sending(server).upload.send();
    assert.equal(new Set(server.keys).size, 3);
    keys.push(server.keys);
  }
  assert.deepEqual(keys[0], keys[1]);
});

test("a cancelled upload stops", async () => {
  const server = new Server();
  const { upload } = sending(server, {
    onProgress: (state) => { if (state.offset === 30) upload.cancel(); },
  });
  await assert.rejects(upload.send(), { name: "AbortError" });
  assert.equal(server.stored.length, 30);
});

test("the key of a file is short printable ASCII", async () => {
  const server = new Server();
  await sending(server, {}, "Größe ".repeat(80)).upload.send();
  const [key] = server.keys;
  assert.ok(key.length <= 200);
  assert.match(key, /^[ -~]+$/);
});

test("sizes have three digits and a unit", () => {
  assert.equal(sizeText(0), "0 B");
  assert.equal(sizeText(999), "999 B");
  assert.equal(sizeText(5990), "5.99 kB");
  assert.equal(sizeText(256_040_000), "256 MB");
  assert.equal(sizeText(8.59e9), "8.59 GB");
});
