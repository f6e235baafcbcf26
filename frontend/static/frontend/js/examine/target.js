// @ts-check
/** The target of a measurement: one filter's stamp, and a position on it. */

/**
 * @typedef {object} Stamp
 * @property {Float32Array} plane side × side values, row 0 lowest; not finite where there is no data
 * @property {number} side pixels
 */

/**
 * @typedef {object} Position
 * @property {string} name of the filter, such as "V F555W"
 * @property {string} unit of the image, may be empty
 * @property {number} x array pixels from 0, pixel centres are integers
 * @property {number} y
 * @property {number} xPix the same position on the mosaic, FITS pixels from 1
 * @property {number} yPix
 * @property {string} sky RA and Dec, or empty
 * @property {number | null} arcsecPerPx
 * @property {number | null} starFwhm px, median of the field's star-like sources in this filter
 * @property {ZeroPoint | null} zeroPoint null if unknown
 * @property {number | null} electronsPerUnit of the image, for Poisson noise; null if unknown
 */

/** @typedef {{system: "Vega" | "AB", mag: number}} ZeroPoint magnitude of one unit of the image */
/** @typedef {Stamp & Position} Target */

/**
 * Return the value of a pixel; NaN where there is no data, and beyond the stamp.
 * @param {Stamp} stamp @param {number} x @param {number} y integers
 * @returns {number}
 */
export function valueAt({ plane, side }, x, y) {
  const inside = x >= 0 && y >= 0 && x < side && y < side;
  const value = inside ? plane[y * side + x] : NaN;
  return Number.isFinite(value) ? value : NaN;
}

/** Return the pixel that holds the target's position. @param {Target} target */
export function pixelOf({ x, y }) {
  return { x: Math.floor(x + 0.5), y: Math.floor(y + 0.5) };
}

/** True if the target's position is on the stamp. @param {Target} target */
export function onStamp(target) {
  const { x, y } = pixelOf(target);
  return x >= 0 && y >= 0 && x < target.side && y < target.side;
}

/**
 * Return the FITS pixel on the mosaic, counted from 1, of a pixel of the stamp.
 * @param {Target} target @param {number} x @param {number} y array pixels
 * @returns {{x: number, y: number}}
 */
export function onMosaic(target, x, y) {
  return { x: target.xPix + x - target.x, y: target.yPix + y - target.y };
}

/**
 * Return the width × height pixels around one; NaN where there is no data, and beyond the stamp.
 * @param {Stamp} stamp @param {number} x @param {number} y integers
 * @param {number} width odd @param {number} [height] odd, by default as the width
 * @returns {Float32Array} row 0 lowest
 */
export function boxAround(stamp, x, y, width, height = width) {
  const [left, bottom] = [x - (width - 1) / 2, y - (height - 1) / 2];
  return Float32Array.from({ length: width * height }, (_, i) => (
    valueAt(stamp, left + (i % width), bottom + Math.floor(i / width))
  ));
}

/**
 * Return the pixels whose centres are from `inner` (included) to `outer` (excluded) pixels away.
 * @param {Stamp} stamp @param {number} x @param {number} y
 * @param {number} inner @param {number} outer
 * @returns {{dx: number[], dy: number[], r: number[], values: number[], missing: number}} offsets
 *   and radii in pixels of those with data; `missing` is the fraction without, or beyond the stamp
 */
export function annulusAround(stamp, x, y, inner, outer) {
  /** @type {{dx: number[], dy: number[], r: number[], values: number[]}} */
  const pixels = { dx: [], dy: [], r: [], values: [] };
  let count = 0;
  for (let row = Math.ceil(y - outer); row <= y + outer; row += 1) {
    for (let column = Math.ceil(x - outer); column <= x + outer; column += 1) {
      const [dx, dy] = [column - x, row - y];
      const r = Math.hypot(dx, dy);
      if (r < inner || r >= outer) continue;
      count += 1;
      const value = valueAt(stamp, column, row);
      if (Number.isNaN(value)) continue;
      pixels.dx.push(dx);
      pixels.dy.push(dy);
      pixels.r.push(r);
      pixels.values.push(value);
    }
  }
  return { ...pixels, missing: 1 - pixels.values.length / count };
}
