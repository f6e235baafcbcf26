// @ts-check
/** What is examined: one filter's stamp, and a place on it. */

/**
 * @typedef {object} Stamp
 * @property {Float32Array} plane side × side values, row 0 lowest; what is not finite is no data
 * @property {number} side pixels
 */

/**
 * @typedef {object} Place
 * @property {string} name such as "V F555W"
 * @property {string} unit of the image, may be empty
 * @property {number} x array pixels from 0, centres are integers
 * @property {number} y
 * @property {number} xPix the same place on the mosaic, FITS pixels from 1
 * @property {number} yPix
 * @property {string} sky RA and Dec, or empty
 * @property {number | null} arcsecPerPx
 * @property {number | null} starFwhm px, the median of the field's star-like sources in this filter
 * @property {null} zeroPoint none: magnitudes are instrumental
 */

/** @typedef {Stamp & Place} Subject */

/**
 * @param {Stamp} stamp @param {number} x @param {number} y integers
 * @returns {number} NaN for no data, and outside
 */
export function valueAt({ plane, side }, x, y) {
  const inside = x >= 0 && y >= 0 && x < side && y < side;
  const value = inside ? plane[y * side + x] : NaN;
  return Number.isFinite(value) ? value : NaN;
}

/** @param {Subject} subject @returns {{x: number, y: number}} the pixel that it is in */
export function pixelOf({ x, y }) {
  return { x: Math.floor(x + 0.5), y: Math.floor(y + 0.5) };
}

/** @param {Subject} subject whether the place is on the stamp at all */
export function onStamp(subject) {
  const { x, y } = pixelOf(subject);
  return x >= 0 && y >= 0 && x < subject.side && y < subject.side;
}

/**
 * The size × size pixels around one; NaN where the stamp has no data or ends.
 * @param {Stamp} stamp @param {number} x @param {number} y integers @param {number} size odd
 * @returns {Float32Array} row 0 lowest
 */
export function boxAround(stamp, x, y, size) {
  const reach = (size - 1) / 2;
  return Float32Array.from({ length: size * size }, (_, i) => (
    valueAt(stamp, x - reach + (i % size), y - reach + Math.floor(i / size))
  ));
}

/**
 * The pixels whose centres lie from `inner` (included) to `outer` (excluded) pixels of a point.
 * @param {Stamp} stamp @param {number} x @param {number} y
 * @param {number} inner @param {number} outer
 * @returns {{dx: number[], dy: number[], r: number[], values: number[], missing: number}} offsets
 *   and radii in pixels of those with data; `missing` is the share without, or beyond the stamp
 */
export function ringAround(stamp, x, y, inner, outer) {
  /** @type {{dx: number[], dy: number[], r: number[], values: number[]}} */
  const ring = { dx: [], dy: [], r: [], values: [] };
  let all = 0;
  for (let row = Math.ceil(y - outer); row <= y + outer; row += 1) {
    for (let column = Math.ceil(x - outer); column <= x + outer; column += 1) {
      const [dx, dy] = [column - x, row - y];
      const r = Math.hypot(dx, dy);
      if (r < inner || r >= outer) continue;
      all += 1;
      const value = valueAt(stamp, column, row);
      if (Number.isNaN(value)) continue;
      ring.dx.push(dx);
      ring.dy.push(dy);
      ring.r.push(r);
      ring.values.push(value);
    }
  }
  return { ...ring, missing: 1 - ring.values.length / all };
}
