// @ts-check
/**
 * Radial profiles of stars with their derivatives, in parameters that need no bounds.
 *
 * Gaussian   a exp(-4 ln 2 r²/w²), parameters [a, ln w]
 * Moffat     a (1 + 4 (2^(1/β) - 1) r²/w²)^-β, parameters [a, ln w, ln 1/β]; w is the FWHM in both.
 * References: astropy.modeling's Gaussian1D and Moffat1D with x_0 = 0; Moffat 1969, A&A 3, 455.
 */

/**
 * The Gaussian profile.
 * @type {import("./least-squares.js").Model}
 */
export function gaussian([a, logWidth], r, derivatives) {
  const exponent = (4 * Math.LN2 * r * r) / Math.exp(2 * logWidth);
  derivatives[0] = Math.exp(-exponent);
  derivatives[1] = 2 * exponent * a * derivatives[0];
  return a * derivatives[0];
}

/** A Moffat profile with a larger β is a Gaussian: its derivative by β is set to 0. */
const MAX_BETA = 1000;

/**
 * The Moffat profile.
 * @type {import("./least-squares.js").Model}
 */
export function moffat([a, logWidth, logInverse], r, derivatives) {
  const q = Math.max(Math.exp(logInverse), 1 / MAX_BETA);
  const ratio = (4 * r * r) / Math.exp(2 * logWidth);
  const u = Math.expm1(q * Math.LN2) * ratio;
  const power = Math.log1p(u) / q;
  const shape = Math.exp(-power);
  derivatives[0] = shape;
  derivatives[1] = (2 * a * shape * u) / (q * (1 + u));
  const byBeta = power - (ratio * 2 ** q * Math.LN2) / (1 + u);
  derivatives[2] = Math.exp(logInverse) < q ? 0 : a * shape * byBeta;
  return a * shape;
}
