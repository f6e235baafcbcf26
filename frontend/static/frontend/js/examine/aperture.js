// @ts-check
/**
 * Circular photometry in which a pixel counts by the area that the circle covers, as
 * photutils.aperture.CircularAperture's "exact" method.
 */
import { valueAt } from "./subject.js";

/** @typedef {import("./subject.js").Stamp} Stamp */

/**
 * Area of the circle around the origin within [0, a] × [0, b]; odd in a and b.
 * @param {number} a @param {number} b @param {number} radius
 */
function corner(a, b, radius) {
  const [width, height] = [Math.min(Math.abs(a), radius), Math.min(Math.abs(b), radius)];
  const sign = Math.sign(a) * Math.sign(b);
  const square = radius * radius;
  if (width * width + height * height <= square) return sign * width * height;
  /** @param {number} x the area under the arc from 0 to x */
  const under = (x) => (
    (x * Math.sqrt(Math.max(0, square - x * x)) + square * Math.asin(x / radius)) / 2
  );
  const flat = Math.sqrt(square - height * height);
  return sign * (flat * height + under(width) - under(flat));
}

/**
 * Area that a circle around the origin shares with the pixel centred at (x, y).
 * @param {number} x @param {number} y @param {number} radius
 * @returns {number} 0 to 1 px
 */
export function overlap(x, y, radius) {
  const [left, right, low, high] = [x - 0.5, x + 0.5, y - 0.5, y + 0.5];
  const area = corner(right, high, radius) - corner(left, high, radius)
    - corner(right, low, radius) + corner(left, low, radius);
  return Math.max(0, area);
}

/**
 * Light within a radius of a place.
 * @param {Stamp} stamp @param {number} x @param {number} y @param {number} radius
 * @returns {{sum: number, area: number, missing: number}} of the pixels with data, image units and
 *   px; `missing` is the share of the circle without, or beyond the stamp
 */
export function circleSum(stamp, x, y, radius) {
  let [sum, area] = [0, 0];
  for (let row = Math.floor(y - radius + 0.5); row <= y + radius + 0.5; row += 1) {
    for (let column = Math.floor(x - radius + 0.5); column <= x + radius + 0.5; column += 1) {
      const value = valueAt(stamp, column, row);
      if (Number.isNaN(value)) continue;
      const share = overlap(column - x, row - y, radius);
      sum += share * value;
      area += share;
    }
  }
  const missing = 1 - area / (Math.PI * radius * radius);
  return { sum, area, missing: missing < 1e-9 ? 0 : missing };
}

/**
 * The light above the sky within each radius: a curve of growth.
 * @param {Stamp} stamp @param {number} x @param {number} y
 * @param {number} sky a pixel @param {number[]} radii px
 * @returns {{flux: number[], missing: number[]}} flux is NaN where the circle has no data at all
 */
export function growth(stamp, x, y, sky, radii) {
  const sums = radii.map((radius) => circleSum(stamp, x, y, radius));
  return {
    flux: sums.map(({ sum, area }) => (area > 0 ? sum - area * sky : NaN)),
    missing: sums.map(({ missing }) => missing),
  };
}

/** @param {number} flux @returns {number} magnitude with zero point 0; NaN for no light */
export function instrumental(flux) {
  return flux > 0 ? -2.5 * Math.log10(flux) : NaN;
}

/**
 * The concentration index mag(1 px) - mag(3 px); NaN where a circle has no light or lacks data.
 * @param {Stamp} stamp @param {number} x @param {number} y @param {number} sky a pixel
 */
export function concentration(stamp, x, y, sky) {
  const { flux, missing } = growth(stamp, x, y, sky, [1, 3]);
  const whole = missing.every((share) => share === 0);
  return whole ? instrumental(flux[0]) - instrumental(flux[1]) : NaN;
}
