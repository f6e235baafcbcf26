/** What part of a stamp is on view. */
import assert from "node:assert/strict";
import test from "node:test";
import { arrayPosition, centre, homeViewport, imagePosition, pan, pixelIndex, zoom } from "../../../frontend/static/frontend/js/viewer/viewport.js";

const item = { stamp_x: 49.6, stamp_y: 50 };

/** @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
function near(a, b) {
  assert.ok(Math.hypot(a.x - b.x, a.y - b.y) < 1e-9, `${JSON.stringify(a)} is not ${JSON.stringify(b)}`);
}

test("it begins with the pixels that the network sees", () => {
  assert.deepEqual(homeViewport(item, 50, 1), { x: 49.5, y: 49.5, span: 50 }); // 25 to 74
  assert.deepEqual(homeViewport(item, 100, 1), { x: 49.5, y: 49.5, span: 100 });
  assert.deepEqual(homeViewport(item, 25, 1), { x: 50, y: 50, span: 25 }); // 38 to 62, as overlap_slices cuts
});

test("pixels have their centres at integers", () => {
  const view = homeViewport(item, 50, 1);
  near(imagePosition(view, { x: 25, y: 74 }), { x: 0.01, y: 0.01 }); // upper left pixel, its middle
  near(arrayPosition(view, { x: 0, y: 1 }), { x: 24.5, y: 24.5 });
  near(arrayPosition(view, imagePosition(view, { x: 31.25, y: 60 })), { x: 31.25, y: 60 });
});

test("what is under the pointer stays there when zooming", () => {
  const fixed = { x: 30, y: 60 };
  const before = homeViewport(item, 50, 1);
  const after = zoom(before, 2, fixed);
  assert.equal(after.span, 25);
  near(imagePosition(after, fixed), imagePosition(before, fixed));
});

test("zooming ends at four pixels and at the whole stamp", () => {
  assert.equal(zoom(homeViewport(item, 50, 1), 1000, item).span, 4);
  assert.equal(zoom(homeViewport(item, 50, 1), 0.001, item).span, 100);
});

test("dragging moves the picture with the hand, and never off the stamp", () => {
  near(pan(homeViewport(item, 50, 1), 0.1, 0.2), { x: 44.5, y: 59.5 });
  near(pan(homeViewport(item, 50, 1), 99, 99), { x: 0, y: 99 });
});

test("it centres on a point", () => {
  assert.deepEqual(centre(homeViewport(item, 50, 2), { x: 10, y: 20 }), { x: 10, y: 20, span: 25 });
});

test("a point belongs to the pixel that holds it", () => {
  assert.equal(pixelIndex({ x: 3.4, y: 2.5 }), 303);
  assert.equal(pixelIndex({ x: 99.6, y: 0 }), null);
});
