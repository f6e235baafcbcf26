// @ts-check
/** Circular aperture photometry: curve of growth, magnitude, error, concentration index. */
import { circleSum } from "./circle-sum.js";

/** @typedef {import("./target.js").Stamp} Stamp */

/**
 * Return the flux above the sky within each radius: the curve of growth.
 * @param {Stamp} stamp @param {number} x @param {number} y
 * @param {number} sky per pixel @param {number[]} radii px
 * @returns {{flux: number[], missing: number[]}} flux is NaN where the circle has no data at all
 */
export function growthCurve(stamp, x, y, sky, radii) {
  const sums = radii.map((radius) => circleSum(stamp, x, y, radius));
  return {
    flux: sums.map(({ sum, area }) => (area > 0 ? sum - area * sky : NaN)),
    missing: sums.map(({ missing }) => missing),
  };
}

/**
 * Return the error of a flux in a circle, as IRAF's phot: Poisson noise of the flux, scatter of the
 * sky within the circle, and error of the sky's level.
 * @param {number} flux above the sky @param {number} radius px
 * @param {import("./background.js").Sky} sky
 * @param {number | null} electronsPerUnit null leaves the Poisson noise out
 */
export function fluxError(flux, radius, sky, electronsPerUnit) {
  const area = Math.PI * radius ** 2;
  const poisson = electronsPerUnit === null ? 0 : Math.max(flux, 0) / electronsPerUnit;
  return Math.sqrt(poisson + sky.sigma ** 2 * (area + area ** 2 / sky.pixels));
}

/** Return the error in magnitudes. @param {number} flux @param {number} error of the flux */
export function magnitudeError(flux, error) {
  return flux > 0 ? (2.5 / Math.LN10) * (error / flux) : NaN;
}

/** Return the magnitude with zero point 0; NaN if the flux is not positive. @param {number} flux */
export function instrumentalMagnitude(flux) {
  return flux > 0 ? -2.5 * Math.log10(flux) : NaN;
}

/**
 * Return the concentration index mag(1 px) - mag(3 px); NaN where a circle has no positive flux or
 * lacks data.
 * @param {Stamp} stamp @param {number} x @param {number} y @param {number} sky per pixel
 */
export function concentrationIndex(stamp, x, y, sky) {
  const { flux, missing } = growthCurve(stamp, x, y, sky, [1, 3]);
  const complete = missing.every((fraction) => fraction === 0);
  return complete ? instrumentalMagnitude(flux[0]) - instrumentalMagnitude(flux[1]) : NaN;
}
