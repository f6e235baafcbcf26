// @ts-check
/** The sky around a place, as imexamine takes it: radius 5, buffer 5, width 5. */
import { clipped } from "./statistics.js";
import { ringAround } from "./subject.js";

/** Pixels: imexamine's object radius, and where the sky's ring begins and ends. */
export const RADIUS = 5;
export const SKY_INNER = 10;
export const SKY_OUTER = 15;

const FEWEST = 20;

/**
 * @typedef {object} Sky
 * @property {number} level image units a pixel: the clipped median; NaN where too few have data
 * @property {number} sigma of a pixel, clipped
 * @property {number} missing share of the ring without data
 */

/**
 * @param {import("./subject.js").Stamp} stamp @param {number} x @param {number} y array pixels
 * @returns {Sky}
 */
export function skyAround(stamp, x, y) {
  const { values, missing } = ringAround(stamp, x, y, SKY_INNER, SKY_OUTER);
  if (values.length < FEWEST) return { level: NaN, sigma: NaN, missing };
  const { median, sigma } = clipped(values);
  return { level: median, sigma, missing };
}
