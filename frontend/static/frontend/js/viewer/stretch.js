// @ts-check
/**
 * From pixel values to grey levels with DS9's stretches; tested against astropy to 1/255.
 *
 * Reference for the histogram equalization: astropy.visualization.HistEqStretch.
 */
import { STRETCH_FUNCTIONS } from "./stretch-functions.js";

/** @typedef {import("./limits.js").Limits} Limits */

const EQUALIZATION = "Histogram Equalization";

/** Names of the stretches, in the order of DS9's menu. */
export const STRETCHES = [...Object.keys(STRETCH_FUNCTIONS), EQUALIZATION];

/** Level of a pixel without data. */
export const NO_DATA = -1;

/**
 * Return the grey levels of pixels, 0 to 255, or NO_DATA where the value is NaN.
 * @param {Float32Array} values
 * @param {Limits} limits values that become 0 and 1; may be equal
 * @param {string} name one of STRETCHES
 * @param {Float32Array} [sample] pixels whose histogram is equalized
 * @returns {Int16Array} as long as `values`
 */
export function greyLevels(values, limits, name, sample = values) {
  const stretch = name === EQUALIZATION ? equalization(sample, limits) : clippedStretch(limits, name);
  return Int16Array.from(values, (value) => (
    Number.isNaN(value) ? NO_DATA : Math.round(255 * stretch(value))
  ));
}

/**
 * Return a stretch of values in the image's unit, clipped to the limits.
 * @param {Limits} limits @param {string} name @returns {(value: number) => number}
 */
function clippedStretch({ low, high }, name) {
  const stretch = STRETCH_FUNCTIONS[name];
  if (stretch === undefined) throw new Error(`There is no stretch called ${name}.`);
  const range = high === low ? 1 : high - low;
  return (value) => stretch(Math.min(1, Math.max(0, (value - low) / range)));
}

/**
 * Return the cumulative distribution of the pixels within the limits: every grey is as frequent.
 * @param {Float32Array} sample @param {Limits} limits @returns {(value: number) => number}
 */
function equalization(sample, { low, high }) {
  const sorted = sample.filter((value) => value >= low && value <= high).sort();
  const last = sorted.length - 1;
  return (value) => {
    if (last < 1 || value <= sorted[0]) return 0;
    if (value >= sorted[last]) return 1;
    // The greatest index whose value is not above this one.
    let [below, above] = [0, last];
    while (above - below > 1) {
      const middle = (below + above) >> 1;
      if (sorted[middle] <= value) below = middle;
      else above = middle;
    }
    return (below + (value - sorted[below]) / (sorted[above] - sorted[below])) / last;
  };
}
