// @ts-check
/**
 * Star profiles over the radius, with their derivatives, in parameters that need no limits.
 *
 * Gaussian   a exp(-4 ln 2 r²/w²), parameters [a, ln w]
 * Moffat     a (1 + 4 (2^(1/β) - 1) r²/w²)^-β, parameters [a, ln w, ln 1/β]; w is the FWHM in both.
 * References: astropy.modeling's Gaussian1D and Moffat1D with x_0 = 0; Moffat 1969, A&A 3, 455.
 */

/** @type {import("./fit.js").Model} */
export function gaussian([a, logWidth], r, slope) {
  const exponent = (4 * Math.LN2 * r * r) / Math.exp(2 * logWidth);
  slope[0] = Math.exp(-exponent);
  slope[1] = 2 * exponent * a * slope[0];
  return a * slope[0];
}

/** Beyond this β a Moffat profile is a Gaussian: β no longer matters, and has no derivative. */
const GAUSSIAN_BETA = 1000;

/** @type {import("./fit.js").Model} */
export function moffat([a, logWidth, logInverse], r, slope) {
  const q = Math.max(Math.exp(logInverse), 1 / GAUSSIAN_BETA);
  const reach = (4 * r * r) / Math.exp(2 * logWidth);
  const u = Math.expm1(q * Math.LN2) * reach;
  const power = Math.log1p(u) / q;
  const shape = Math.exp(-power);
  slope[0] = shape;
  slope[1] = (2 * a * shape * u) / (q * (1 + u));
  const steeper = power - (reach * 2 ** q * Math.LN2) / (1 + u);
  slope[2] = Math.exp(logInverse) < q ? 0 : a * shape * steeper;
  return a * shape;
}
