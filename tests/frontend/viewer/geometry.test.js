/** Positions, scale bars and the compass. */
import assert from "node:assert/strict";
import test from "node:test";
import { formatDec, formatRa } from "../../../frontend/static/frontend/js/viewer/coordinates.js";
import { formatMagnitude } from "../../../frontend/static/frontend/js/viewer/facts.js";
import { centreCut, compass, positionInStamp, scaleBar } from "../../../frontend/static/frontend/js/viewer/geometry.js";

test("it cuts the middle pixels, in their order", () => {
  const plane = Float32Array.from({ length: 16 }, (_, i) => i);
  assert.deepEqual([...centreCut(plane, 4, 2)], [5, 6, 9, 10]);
  assert.deepEqual(centreCut(plane, 4, 4), plane);
});

for (const [inHundred, n, expected] of [
  [49.6, 100, 49.6], [50, 100, 50], [49.6, 50, 24.6], [50, 50, 25], [50, 299, 149], [49.4, 299, 149.4],
]) {
  test(`it finds ${inHundred} of the 100 px stamp in ${n} px`, () => {
    assert.ok(Math.abs(positionInStamp(inHundred, n) - expected) < 1e-9);
    assert.ok(positionInStamp(inHundred, n) > n / 2 - 1 && positionInStamp(inHundred, n) <= n / 2);
  });
}

test("it points north up and east left on the sky, and turns counter-clockwise", () => {
  const { north, east } = compass(0, true);
  assert.deepEqual([...north, ...east].map((v) => Math.round(v) + 0), [0, 1, -1, 0]);
  const turned = compass(90, true);
  assert.deepEqual([...turned.north, ...turned.east].map((v) => Math.round(v) + 0), [-1, 0, 0, -1]);
  assert.equal(Math.round(compass(0, false).east[0]), 1);
});

test("it draws 2″ at 0.04″ a pixel as 50 px, and says what they span at 18 Mpc", () => {
  assert.deepEqual(scaleBar(299, 0.04, 18), { px: 50, text: "2″ = 175 pc" });
  assert.equal(scaleBar(299, 0.04, null).text, "2″");
  assert.deepEqual(scaleBar(299, null, null), { px: 90, text: "90 px" });
});

test("it writes coordinates in sexagesimal and carries the rounding over", () => {
  assert.equal(formatRa(65.00142698), "04h 20m 00.34s");
  assert.equal(formatRa(359.99999999), "24h 00m 00.00s".replace("24", "00"));
  assert.equal(formatDec(-54.93776304), "−54° 56′ 15.9″");
  assert.equal(formatDec(0.9999999), "+01° 00′ 00.0″");
});

test("it says when there is no magnitude", () => {
  assert.equal(formatMagnitude({ band: "U", filter: "F336W", observed: true, mag: null, mag_err: null }), "no magnitude");
  assert.equal(formatMagnitude({ band: "U", filter: "F336W", observed: true, mag: 22.375, mag_err: 0.107 }), "22.38 ± 0.11");
});
