/** Limits and stretches where the answer is known without a reference. */
import assert from "node:assert/strict";
import test from "node:test";
import { LIMITS, limitsOf } from "../../../frontend/static/frontend/js/viewer/limits.js";
import { scaleOf, toggleLink, validDisplay } from "../../../frontend/static/frontend/js/viewer/settings.js";
import { STRETCH_FUNCTIONS } from "../../../frontend/static/frontend/js/viewer/stretch-functions.js";
import { NO_DATA, STRETCHES, greyLevels } from "../../../frontend/static/frontend/js/viewer/stretch.js";

for (const [name, stretch] of Object.entries(STRETCH_FUNCTIONS)) {
  test(`${name} maps 0 to 0, 1 to 1, and never falls`, () => {
    const steps = Array.from({ length: 101 }, (_, i) => stretch(i / 100));
    assert.ok(Math.abs(steps[0]) < 1e-12 && Math.abs(steps[100] - 1) < 1e-12);
    assert.ok(steps.every((value, i) => i === 0 || value >= steps[i - 1]));
  });
}

test("it has DS9's menus, in DS9's order", () => {
  assert.deepEqual(STRETCHES, [
    "Linear", "Log", "Power", "Square Root", "Squared", "ASINH", "SINH", "Histogram Equalization",
  ]);
  assert.deepEqual(LIMITS, [
    "Min Max", "99.5 %", "99 %", "98 %", "97 %", "96 %", "95 %", "92.5 %", "90 %", "ZScale", "ZMax", "User",
  ]);
});

test("it clips, and keeps missing pixels apart", () => {
  const values = Float32Array.from([-9, 0, 5, 10, 99, NaN, Infinity]);
  const limits = { low: 0, high: 10 };
  assert.deepEqual([...greyLevels(values, limits, "Linear")], [0, 0, 128, 255, 255, NO_DATA, 255]);
});

test("it makes every grey as frequent, over one stamp or over all", () => {
  const values = Float32Array.from([0, 1, 10, 100, 1000, NaN]);
  const limits = { low: 0, high: 1000 };
  assert.deepEqual([...greyLevels(values, limits, "Histogram Equalization")], [0, 64, 128, 191, 255, NO_DATA]);
  const all = Float32Array.from([...values, 2000, 3000, 4000, 5000]);
  const wide = { low: 0, high: 5000 };
  assert.deepEqual([...greyLevels(values, wide, "Histogram Equalization", all)], [0, 32, 64, 96, 128, NO_DATA]);
});

test("it takes the extremes and the percentiles of the finite values", () => {
  const values = Float32Array.from([NaN, ...Array.from({ length: 101 }, (_, i) => i), Infinity]);
  assert.deepEqual(limitsOf(values, "Min Max"), { low: 0, high: 100 });
  assert.deepEqual(limitsOf(values, "90 %"), { low: 5, high: 95 });
  assert.deepEqual(limitsOf(values, "User", { low: -1, high: 7 }), { low: -1, high: 7 });
});

test("it has limits for a constant image and for one without data", () => {
  for (const name of LIMITS.filter((name) => name !== "User")) {
    assert.deepEqual(limitsOf(new Float32Array(100).fill(3), name), { low: 3, high: 3 });
    assert.deepEqual(limitsOf(new Float32Array(9).fill(NaN), name), { low: 0, high: 1 });
  }
  assert.deepEqual([...greyLevels(new Float32Array(2).fill(3), { low: 3, high: 3 }, "Log")], [0, 0]);
});

test("it refuses names that do not exist", () => {
  assert.throws(() => limitsOf(new Float32Array(1), "Most"), /Most/);
  assert.throws(() => greyLevels(new Float32Array(1), { low: 0, high: 1 }, "Cubed"), /Cubed/);
});

test("it repairs stored settings that no longer make sense", () => {
  const first = validDisplay(null);
  assert.deepEqual(validDisplay({ stretch: "Cubed", contrast: -1, own: [1], low: 5, high: 4, view: 51 }), first);
  const wish = { ...first, stretch: "Log", limits: "ZScale", invert: true, view: 100, together: true, neighbours: false };
  assert.deepEqual(validDisplay(JSON.parse(JSON.stringify(wish))), wish);
});

test("it gives each filter a stretch of its own, and goes back to that of the chosen one", () => {
  const display = validDisplay({ stretch: "Log" });
  toggleLink(display, 0);
  scaleOf(display, 2).stretch = "Linear";
  assert.deepEqual([0, 2].map((band) => scaleOf(display, band).stretch), ["Log", "Linear"]);
  toggleLink(display, 2);
  assert.deepEqual([0, 4].map((band) => scaleOf(display, band).stretch), ["Linear", "Linear"]);
});
