// @ts-check
/** Sum of the pixels in a circle, each weighted by the area that the circle covers. */
import { circleOverlap } from "./circle-overlap.js";
import { valueAt } from "./target.js";

/**
 * Return the sum within a radius of a position.
 * @param {import("./target.js").Stamp} stamp @param {number} x @param {number} y
 * @param {number} radius
 * @returns {{sum: number, area: number, missing: number}} of the pixels with data, image units and
 *   px; `missing` is the fraction of the circle without data or beyond the stamp
 */
export function circleSum(stamp, x, y, radius) {
  let [sum, area] = [0, 0];
  for (let row = Math.floor(y - radius + 0.5); row <= y + radius + 0.5; row += 1) {
    for (let column = Math.floor(x - radius + 0.5); column <= x + radius + 0.5; column += 1) {
      const value = valueAt(stamp, column, row);
      if (Number.isNaN(value)) continue;
      const overlap = circleOverlap(column - x, row - y, radius);
      sum += overlap * value;
      area += overlap;
    }
  }
  const missing = 1 - area / (Math.PI * radius * radius);
  return { sum, area, missing: missing < 1e-9 ? 0 : missing };
}
