// @ts-check
/**
 * The radial profile of a source: centre, sky, pixels, fits and shape.
 *
 * imexamine's defaults: centred by `centroid`, sky from `skyAround`, profile to 8 px, fits to the
 * pixels within 5 px, each with the same weight. The radius is not adjusted to the fit.
 */
import { concentrationIndex } from "./aperture.js";
import { RADIUS, skyAround } from "./background.js";
import { centroid } from "./centroid.js";
import { fitLeastSquares } from "./least-squares.js";
import { sourceShape } from "./moments.js";
import { gaussian, moffat } from "./profiles.js";
import { annulusAround, valueAt } from "./target.js";

/** @typedef {import("./target.js").Target} Target */
/** @typedef {import("./least-squares.js").Model} Model */

/** Radius of the profile in pixels. */
export const PROFILE_PX = 8;
const MIN_PIXELS = 12;
const START_BETA = 2.5;

/**
 * @typedef {object} ProfileFit
 * @property {string} failure why there is no fit; empty if there is one
 * @property {number} amplitude above the sky, image units
 * @property {number} fwhm px
 * @property {number} beta of the Moffat profile; NaN for the Gaussian
 * @property {(r: number) => number} valueAt the profile's value at a radius
 */

/** @param {string} failure @returns {ProfileFit} */
const noFit = (failure) => ({ failure, amplitude: NaN, fwhm: NaN, beta: NaN, valueAt: () => NaN });

/**
 * Fit a profile to values above the sky.
 * @param {Model} model @param {number[]} more start of the parameters beyond amplitude and width
 * @param {number[]} r px @param {number[]} values above the sky
 * @returns {ProfileFit}
 */
function fitProfile(model, more, r, values) {
  if (values.length < MIN_PIXELS) return noFit("too few pixels with data");
  const peak = Math.max(...values);
  if (!(peak > 0)) return noFit("nothing above the sky");
  // Start with the width of the circle that has as many pixels as are above half the peak.
  const bright = values.filter((value) => value > peak / 2).length;
  const width = Math.min(2 * Math.sqrt(bright / Math.PI) + 0.5, RADIUS);
  const parameters = fitLeastSquares(model, [peak, Math.log(width), ...more], r, values);
  if (parameters === null) return noFit("the fit does not converge");
  const [amplitude, logWidth, logInverse] = parameters;
  const fwhm = Math.exp(logWidth);
  if (!(amplitude > 0)) return noFit("nothing above the sky");
  if (fwhm > 2 * RADIUS) return noFit(`wider than the ${2 * RADIUS} px that are fitted`);
  if (fwhm < 1) return noFit("narrower than a pixel");
  const derivatives = new Float64Array(parameters.length);
  const beta = parameters.length > 2 ? Math.exp(-logInverse) : NaN;
  return { failure: "", amplitude, fwhm, beta, valueAt: (x) => model(parameters, x, derivatives) };
}

/**
 * @typedef {object} Source
 * @property {number} x array pixels: the centre, or the target's position if `centred` is false
 * @property {number} y
 * @property {boolean} centred true if a centre was found
 * @property {import("./background.js").Sky} sky
 */

/**
 * Return the source at the target's position, and the sky around it.
 * @param {Target} target @returns {Source}
 */
export function sourceAt(target) {
  const centre = centroid(target, target.x, target.y);
  const { x, y } = centre ?? target;
  return { x, y, centred: centre !== null, sky: skyAround(target, x, y) };
}

/** Measure the radial profile of the source at the target's position. @param {Target} target */
export function radialProfile(target) {
  const source = sourceAt(target);
  const { x, y, sky } = source;
  const pixels = annulusAround(target, x, y, 0, PROFILE_PX);
  const above = pixels.values.map((value) => value - sky.level);
  const fitted = pixels.r.map((_, i) => i).filter((i) => pixels.r[i] < RADIUS);
  const r = fitted.map((i) => pixels.r[i]);
  const values = fitted.map((i) => above[i]);
  const hasSky = !Number.isNaN(sky.level);
  return {
    ...source,
    r: pixels.r,
    above,
    missing: annulusAround(target, x, y, 0, RADIUS).missing,
    peak: valueAt(target, Math.floor(x + 0.5), Math.floor(y + 0.5)),
    moffat: hasSky ? fitProfile(moffat, [Math.log(1 / START_BETA)], r, values) : noFit("no sky"),
    gaussian: hasSky ? fitProfile(gaussian, [], r, values) : noFit("no sky"),
    shape: hasSky ? sourceShape(target, x, y, sky.level) : null,
    ci: hasSky ? concentrationIndex(target, x, y, sky.level) : NaN,
  };
}
