// @ts-check
/** The sky around a source, with imexamine's defaults: radius 5, buffer 5, width 5. */
import { sigmaClipped } from "./statistics.js";
import { annulusAround } from "./target.js";

/** imexamine's object radius in pixels. */
export const RADIUS = 5;
/** Inner and outer radius of the sky annulus in pixels. */
const SKY_INNER = 10;
const SKY_OUTER = 15;

const MIN_PIXELS = 20;

/**
 * @typedef {object} Sky
 * @property {number} level image units per pixel: the clipped median; NaN with too few pixels
 * @property {number} sigma of a pixel, clipped
 * @property {number} pixels of the annulus with data
 * @property {number} missing fraction of the annulus without data
 */

/**
 * Return the sky around a position.
 * @param {import("./target.js").Stamp} stamp @param {number} x @param {number} y array pixels
 * @returns {Sky}
 */
export function skyAround(stamp, x, y) {
  const { values, missing } = annulusAround(stamp, x, y, SKY_INNER, SKY_OUTER);
  const pixels = values.length;
  if (pixels < MIN_PIXELS) return { level: NaN, sigma: NaN, pixels, missing };
  const { median, sigma } = sigmaClipped(values);
  return { level: median, sigma, pixels, missing };
}
