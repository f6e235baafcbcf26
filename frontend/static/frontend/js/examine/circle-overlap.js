// @ts-check
/** Exact overlap of a circle with pixels, as photutils.aperture's "exact" method. */

/**
 * Return the area of the circle around the origin within [0, a] × [0, b]; odd in a and b.
 * @param {number} a @param {number} b @param {number} radius
 */
function cornerArea(a, b, radius) {
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
 * Return the area that a circle around the origin shares with the pixel centred at (x, y).
 * @param {number} x @param {number} y @param {number} radius
 * @returns {number} 0 to 1 px
 */
export function circleOverlap(x, y, radius) {
  const [left, right, bottom, top] = [x - 0.5, x + 0.5, y - 0.5, y + 0.5];
  const area = cornerArea(right, top, radius) - cornerArea(left, top, radius)
    - cornerArea(right, bottom, radius) + cornerArea(left, bottom, radius);
  return Math.max(0, area);
}
