// @ts-check
/**
 * DS9's stretches as functions from [0, 1] to [0, 1].
 *
 * References: astropy.visualization's LinearStretch, LogStretch(1000), PowerDistStretch(1000),
 * SqrtStretch, SquaredStretch, AsinhStretch(0.1) and SinhStretch(1/3), which are DS9's formulas.
 */

const EXPONENT = 1000;

/**
 * The functions by name, in DS9's order.
 * @type {Readonly<Record<string, (x: number) => number>>}
 */
export const STRETCH_FUNCTIONS = {
  "Linear": (x) => x,
  "Log": (x) => Math.log(EXPONENT * x + 1) / Math.log(EXPONENT + 1),
  "Power": (x) => (EXPONENT ** x - 1) / (EXPONENT - 1),
  "Square Root": Math.sqrt,
  "Squared": (x) => x * x,
  "ASINH": (x) => Math.asinh(10 * x) / Math.asinh(10),
  "SINH": (x) => Math.sinh(3 * x) / Math.sinh(3),
};
