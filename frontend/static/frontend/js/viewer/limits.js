// @ts-check
/**
 * Limits of the display: which values are shown black and white, in DS9's words.
 *
 * Values are in the image's own unit; NaN and infinities are ignored. References: numpy.percentile
 * for the percentages, astropy.visualization.ZScaleInterval for ZScale.
 */
import { percentile } from "./percentile.js";
import { zscale } from "./zscale.js";

/** @typedef {{low: number, high: number}} Limits */

/** @type {Readonly<Record<string, number>>} percentage of the pixels within the limits */
const PERCENTAGES = {
  "Min Max": 100, "99.5 %": 99.5, "99 %": 99, "98 %": 98, "97 %": 97, "96 %": 96, "95 %": 95,
  "92.5 %": 92.5, "90 %": 90,
};

/** DS9's menu in its order. ZMax: from ZScale's low to the maximum. User: typed by the user. */
export const LIMITS = [...Object.keys(PERCENTAGES), "ZScale", "ZMax", "User"];

/** @param {Float32Array} values */
const finite = (values) => values.filter(Number.isFinite);

/**
 * Return the limits of that name for these values; 0 and 1 without any finite value.
 * @param {Float32Array} values in the order of the image @param {string} name one of LIMITS
 * @param {Limits} [user] limits of the name User
 * @returns {Limits}
 */
export function limitsOf(values, name, user = { low: 0, high: 1 }) {
  if (name === "User") return user;
  if (name === "ZScale") return zscale(finite(values));
  if (name === "ZMax") {
    return { low: zscale(finite(values)).low, high: limitsOf(values, "Min Max").high };
  }
  const percentage = PERCENTAGES[name];
  if (percentage === undefined) throw new Error(`There are no limits called ${name}.`);
  const sorted = finite(values).sort();
  if (sorted.length === 0) return { low: 0, high: 1 };
  const tail = (100 - percentage) / 2;
  return { low: percentile(sorted, tail), high: percentile(sorted, 100 - tail) };
}
