/** Colour maps, contrast and bias: DS9's arithmetic, by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import { COLOUR_MAPS, palette } from "../../../frontend/static/frontend/js/viewer/colour-map.js";
import { NEUTRAL, adjustLevel, contrastBiasAt } from "../../../frontend/static/frontend/js/viewer/contrast-bias.js";

/** @param {Partial<import("../../../frontend/static/frontend/js/viewer/colour-map.js").ColourSettings>} wish */
function colours(wish) {
  const table = palette({ colours: "grey", invert: false, ...NEUTRAL, ...wish });
  /** @param {number} level */
  return (level) => [...table.slice(4 * level, 4 * level + 3)];
}

test("grey is grey, and inverted is the negative", () => {
  assert.deepEqual([0, 77, 255].map(colours({})), [[0, 0, 0], [77, 77, 77], [255, 255, 255]]);
  assert.deepEqual([0, 77, 255].map(colours({ invert: true })), [[255, 255, 255], [178, 178, 178], [0, 0, 0]]);
});

test("heat, cool and b have DS9's corners", () => {
  // 0.2, 0.6 and 0.8 of the way.
  assert.deepEqual([51, 153, 204].map(colours({ colours: "heat" })), [[150, 51, 0], [255, 153, 0], [255, 204, 116]]);
  assert.deepEqual([51, 153, 204].map(colours({ colours: "cool" })), [[0, 0, 96], [17, 131, 255], [64, 200, 255]]);
  assert.deepEqual([51, 153, 204].map(colours({ colours: "b" })), [[0, 0, 204], [255, 102, 0], [255, 255, 51]]);
});

test("viridis is matplotlib's at its ends and in its middle", () => {
  assert.deepEqual([0, 127, 255].map(colours({ colours: "viridis" })), [[68, 1, 84], [33, 144, 141], [253, 231, 37]]);
});

test("every map has 256 opaque colours", () => {
  for (const name of COLOUR_MAPS) {
    const table = palette({ colours: name, invert: false, ...NEUTRAL });
    assert.equal(table.length, 1024);
    assert.ok(table.every((value, i) => i % 4 !== 3 || value === 255));
  }
});

test("contrast and bias move levels as DS9's calcContrastBias does", () => {
  // (128 / 256 - 0.25) * 2 + 0.5 = 1: the brightest; (64 / 256 - 0.25) * 2 + 0.5 = 0.5.
  assert.equal(adjustLevel(128, 2, 0.25), 255);
  assert.equal(adjustLevel(64, 2, 0.25), 128);
  assert.equal(adjustLevel(0, 2, 0.25), 0);
  // Truncated, not rounded: (100 / 256 - 0.6) * 1.5 + 0.5 = 0.1859 -> 47.6.
  assert.equal(adjustLevel(100, 1.5, 0.6), 47);
  assert.equal(adjustLevel(77, 1, 0.5), 77);
});

test("no contrast is one colour", () => {
  assert.deepEqual(colours({ contrast: 0 })(0), colours({ contrast: 0 })(255));
});

test("across is bias, down is contrast up to ten", () => {
  assert.deepEqual(contrastBiasAt({ x: 0.5, y: 0.1 }), { bias: 0.5, contrast: 1 });
  assert.deepEqual(contrastBiasAt({ x: 1.2, y: -0.1 }), { bias: 1, contrast: 0 });
});

test("it refuses a map that does not exist", () => {
  assert.throws(() => palette({ colours: "jet", invert: false, ...NEUTRAL }), /jet/);
});
