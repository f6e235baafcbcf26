// @ts-check
/**
 * From pixel values to grey levels: DS9's stretches in DS9's words.
 *
 * Each stretch maps [0, 1] onto [0, 1]. References: astropy.visualization's LinearStretch,
 * LogStretch(1000), PowerDistStretch(1000), SqrtStretch, SquaredStretch, AsinhStretch(0.1) and
 * SinhStretch(1/3), which are DS9's formulas, and HistEqStretch; they agree to 1/255.
 */

/** @typedef {import("./limits.js").Limits} Limits */

const EXPONENT = 1000;
const EQUALIZATION = "Histogram Equalization";

/** @type {Readonly<Record<string, (x: number) => number>>} */
export const FORMULAS = {
  "Linear": (x) => x,
  "Log": (x) => Math.log(EXPONENT * x + 1) / Math.log(EXPONENT + 1),
  "Power": (x) => (EXPONENT ** x - 1) / (EXPONENT - 1),
  "Square Root": Math.sqrt,
  "Squared": (x) => x * x,
  "ASINH": (x) => Math.asinh(10 * x) / Math.asinh(10),
  "SINH": (x) => Math.sinh(3 * x) / Math.sinh(3),
};

/** All of DS9's menu, in its order. */
export const STRETCHES = [...Object.keys(FORMULAS), EQUALIZATION];

/** What a pixel without data becomes in `levelsOf`, beside its level. */
export const NO_DATA = -1;

/**
 * The grey levels of pixels, 0 to 255, or NO_DATA where the value is NaN.
 * @param {Float32Array} values
 * @param {Limits} limits the values that become 0 and 1; when they are equal, nothing is divided
 * @param {string} name one of STRETCHES
 * @param {Float32Array} [among] the pixels over which a histogram is equalized
 * @returns {Int16Array} as long as `values`
 */
export function levelsOf(values, limits, name, among = values) {
  const share = name === EQUALIZATION ? equalization(among, limits) : formula(limits, name);
  return Int16Array.from(values, (value) => (
    Number.isNaN(value) ? NO_DATA : Math.round(255 * share(value))
  ));
}

/** @param {Limits} limits @param {string} name @returns {(value: number) => number} */
function formula({ low, high }, name) {
  const stretch = FORMULAS[name];
  if (stretch === undefined) throw new Error(`There is no stretch called ${name}.`);
  const range = high === low ? 1 : high - low;
  return (value) => stretch(Math.min(1, Math.max(0, (value - low) / range)));
}

/**
 * The share of the pixels within the limits that lie below a value: every grey is as frequent.
 * @param {Float32Array} among @param {Limits} limits @returns {(value: number) => number}
 */
function equalization(among, { low, high }) {
  const sorted = among.filter((value) => value >= low && value <= high).sort();
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
