/** NumPy files as the server writes them, and as it never should. */
import assert from "node:assert/strict";
import test from "node:test";
import { parseNpy } from "../../../frontend/static/frontend/js/viewer/npy.js";

/** A .npy file with this header and these bytes, padded as NumPy does. */
function npy(header, body, version = 1) {
  const start = version === 1 ? 10 : 12;
  const padded = header.padEnd(Math.ceil((start + header.length + 1) / 64) * 64 - start - 1) + "\n";
  const size = version === 1 ? [padded.length & 255, padded.length >> 8] : [padded.length & 255, padded.length >> 8, 0, 0];
  const head = [0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...size];
  return Uint8Array.from([...head, ...new TextEncoder().encode(padded), ...new Uint8Array(body.buffer)]).buffer;
}

const values = Float32Array.from([1, -2.5, NaN, 1e-30, 3e8, 0]);
const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }";

for (const version of [1, 2]) {
  test(`it reads shape and values of version ${version}`, () => {
    const array = parseNpy(npy(header, values, version));
    assert.deepEqual(array.shape, [1, 2, 3]);
    assert.deepEqual(array.data, values);
  });
}

test("it reads a vector, whose shape ends in a comma", () => {
  assert.deepEqual(parseNpy(npy(header.replace("1, 2, 3", "6,"), values)).shape, [6]);
});

test("it reads values that are not aligned to four bytes", () => {
  const bytes = new Uint8Array(npy(header, values));
  const length = bytes[8] + 256 * bytes[9];
  const odd = [...bytes.slice(0, 10), ...bytes.slice(10, 10 + length), 32, ...bytes.slice(10 + length)];
  odd[8] += 1;
  assert.deepEqual(parseNpy(Uint8Array.from(odd).buffer).data, values);
});

for (const [what, change, sentence] of [
  ["another type", (text) => text.replace("<f4", "<f8"), /<f8, not <f4/],
  ["column order", (text) => text.replace("False", "True"), /C order/],
  ["too few values", (text) => text.replace("1, 2, 3", "7, 2, 3"), /6 of 42/],
  ["no shape", (text) => text.replace("'shape'", "'size'"), /shape/],
]) {
  test(`it refuses ${what}`, () => {
    assert.throws(() => parseNpy(npy(change(header), values)), sentence);
  });
}

test("it refuses what is no NumPy file, and one that is cut off", () => {
  assert.throws(() => parseNpy(new TextEncoder().encode("<!doctype html>").buffer), /not a NumPy file/);
  assert.throws(() => parseNpy(npy(header, values).slice(0, 40)), /ends within its header/);
});
