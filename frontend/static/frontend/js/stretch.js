// @ts-check
/**
 * From pixel values to grey levels: DS9's stretches in DS9's words.
 *
 * Each stretch maps [0, 1] onto [0, 1]. References: astropy.visualization's LinearStretch,
 * LogStretch(1000), PowerDistStretch(1000), SqrtStretch, SquaredStretch, AsinhStretch(0.1) and
 * SinhStretch(1/3), which are DS9's formulas; they agree to 1/255.
 */

/** @typedef {import("./limits.js").Limits} Limits */

const EXPONENT = 1000;

/** @type {Readonly<Record<string, (x: number) => number>>} */
export const STRETCHES = {
  "Linear": (x) => x,
  "Log": (x) => Math.log(EXPONENT * x + 1) / Math.log(EXPONENT + 1),
  "Power": (x) => (EXPONENT ** x - 1) / (EXPONENT - 1),
  "Square Root": Math.sqrt,
  "Squared": (x) => x * x,
  "ASINH": (x) => Math.asinh(10 * x) / Math.asinh(10),
  "SINH": (x) => Math.sinh(3 * x) / Math.sinh(3),
};

/** What a pixel without data becomes in `grey`, beside its level. */
export const NO_DATA = -1;

/**
 * Grey levels of the pixels: 0 to 255, or NO_DATA where the value is NaN.
 * @param {Float32Array} values
 * @param {Limits} limits the values that become 0 and 1; when they are equal, nothing is divided
 * @param {string} name a key of STRETCHES
 * @param {boolean} invert
 * @returns {Int16Array} as long as `values`
 */
export function grey(values, { low, high }, name, invert) {
  const stretch = STRETCHES[name];
  if (stretch === undefined) throw new Error(`There is no stretch called ${name}.`);
  const range = high === low ? 1 : high - low;
  return Int16Array.from(values, (value) => {
    if (Number.isNaN(value)) return NO_DATA;
    const level = Math.round(255 * stretch(Math.min(1, Math.max(0, (value - low) / range))));
    return invert ? 255 - level : level;
  });
}
