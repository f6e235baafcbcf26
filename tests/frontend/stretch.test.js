/** Limits and stretches where the answer is known without a reference. */
import assert from "node:assert/strict";
import test from "node:test";
import { LIMITS, limitsOf } from "../../frontend/static/frontend/js/limits.js";
import { sound } from "../../frontend/static/frontend/js/settings.js";
import { NO_DATA, STRETCHES, grey } from "../../frontend/static/frontend/js/stretch.js";

for (const [name, stretch] of Object.entries(STRETCHES)) {
  test(`${name} maps 0 to 0, 1 to 1, and never falls`, () => {
    const steps = Array.from({ length: 101 }, (_, i) => stretch(i / 100));
    assert.ok(Math.abs(steps[0]) < 1e-12 && Math.abs(steps[100] - 1) < 1e-12);
    assert.ok(steps.every((value, i) => i === 0 || value >= steps[i - 1]));
  });
}

test("it clips, inverts, and keeps missing pixels apart", () => {
  const values = Float32Array.from([-9, 0, 5, 10, 99, NaN, Infinity]);
  const limits = { low: 0, high: 10 };
  assert.deepEqual([...grey(values, limits, "Linear", false)], [0, 0, 128, 255, 255, NO_DATA, 255]);
  assert.deepEqual([...grey(values, limits, "Linear", true)], [255, 255, 127, 0, 0, NO_DATA, 0]);
});

test("it takes the extremes and the percentiles of the finite values", () => {
  const values = Float32Array.from([NaN, ...Array.from({ length: 101 }, (_, i) => i), Infinity]);
  assert.deepEqual(limitsOf(values, "Min Max"), { low: 0, high: 100 });
  assert.deepEqual(limitsOf(values, "90 %"), { low: 5, high: 95 });
});

test("it has limits for a constant image and for one without data", () => {
  for (const name of Object.keys(LIMITS)) {
    assert.deepEqual(limitsOf(new Float32Array(100).fill(3), name), { low: 3, high: 3 });
    assert.deepEqual(limitsOf(new Float32Array(9).fill(NaN), name), { low: 0, high: 1 });
  }
  assert.deepEqual([...grey(new Float32Array(2).fill(3), { low: 3, high: 3 }, "Log", false)], [0, 0]);
});

test("it refuses names that do not exist", () => {
  assert.throws(() => limitsOf(new Float32Array(1), "ZMAX"), /ZMAX/);
  assert.throws(() => grey(new Float32Array(1), { low: 0, high: 1 }, "Cubed", false), /Cubed/);
});

test("it repairs stored settings that no longer make sense", () => {
  assert.equal(sound({ stretch: "Cubed" }).stretch, "ASINH");
  assert.deepEqual(sound({ stretch: "Log", limits: "ZScale", invert: true, view: 100 }), {
    stretch: "Log", limits: "ZScale", invert: true, view: 100,
  });
});
