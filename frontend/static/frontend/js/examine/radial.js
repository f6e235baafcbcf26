// @ts-check
/**
 * The radial profile of the source at a place: centre, sky, points, fits and shape.
 *
 * imexamine's defaults: centred by `centroid`, sky from `skyAround`, profile to 8 px, fits to the
 * pixels within 5 px, each with the same weight. The radius is not adjusted to the fit.
 */
import { concentration } from "./aperture.js";
import { RADIUS, skyAround } from "./background.js";
import { centroid } from "./centroid.js";
import { fit } from "./fit.js";
import { shapeAround } from "./moments.js";
import { gaussian, moffat } from "./profiles.js";
import { ringAround, valueAt } from "./subject.js";

/** @typedef {import("./subject.js").Subject} Subject */
/** @typedef {import("./fit.js").Model} Model */

export const PROFILE_PX = 8;
const FEWEST = 12;

/**
 * @typedef {object} ProfileFit
 * @property {string} failure why there is no fit, in words; empty where there is one
 * @property {number} amplitude above the sky, image units
 * @property {number} fwhm px
 * @property {number} beta of the Moffat profile; NaN for the Gaussian
 * @property {(r: number) => number} at the profile
 */

/** @param {string} failure @returns {ProfileFit} */
const noFit = (failure) => ({ failure, amplitude: NaN, fwhm: NaN, beta: NaN, at: () => NaN });

/**
 * Fits a profile to values above the sky.
 * @param {Model} model @param {number[]} more start of the parameters beyond amplitude and width
 * @param {number[]} r px @param {number[]} values above the sky
 * @returns {ProfileFit}
 */
export function fitProfile(model, more, r, values) {
  if (values.length < FEWEST) return noFit("too few pixels with data");
  const peak = Math.max(...values);
  if (!(peak > 0)) return noFit("nothing above the sky");
  // The width in which a Gaussian would hold the light: at half the peak or more.
  const half = values.filter((value) => value > peak / 2).length;
  const width = Math.min(2 * Math.sqrt(half / Math.PI) + 0.5, RADIUS);
  const found = fit(model, [peak, Math.log(width), ...more], r, values);
  if (found === null) return noFit("the fit does not converge");
  const fwhm = Math.exp(found[1]);
  if (!(found[0] > 0)) return noFit("nothing above the sky");
  if (fwhm > 2 * RADIUS) return noFit(`wider than the ${2 * RADIUS} px looked at`);
  if (fwhm < 1) return noFit("narrower than a pixel");
  const slope = new Float64Array(found.length);
  const beta = found.length > 2 ? Math.exp(-found[2]) : NaN;
  return { failure: "", amplitude: found[0], fwhm, beta, at: (x) => model(found, x, slope) };
}

/**
 * @typedef {object} Source
 * @property {number} x array pixels, centred where `centred`
 * @property {number} y
 * @property {boolean} centred whether a centre was found; otherwise the place itself is used
 * @property {import("./background.js").Sky} sky
 */

/** @param {Subject} subject @returns {Source} the source at the place, and the sky around it */
export function sourceAt(subject) {
  const found = centroid(subject, subject.x, subject.y);
  const { x, y } = found ?? subject;
  return { x, y, centred: found !== null, sky: skyAround(subject, x, y) };
}

/** @param {Subject} subject */
export function radialProfile(subject) {
  const source = sourceAt(subject);
  const { x, y, sky } = source;
  const points = ringAround(subject, x, y, 0, PROFILE_PX);
  const above = points.values.map((value) => value - sky.level);
  const inner = points.r.map((r, i) => i).filter((i) => points.r[i] < RADIUS);
  const r = inner.map((i) => points.r[i]);
  const values = inner.map((i) => above[i]);
  const known = !Number.isNaN(sky.level);
  return {
    ...source,
    r: points.r,
    above,
    missing: ringAround(subject, x, y, 0, RADIUS).missing,
    peak: valueAt(subject, Math.floor(x + 0.5), Math.floor(y + 0.5)),
    moffat: known ? fitProfile(moffat, [Math.log(1 / 2.5)], r, values) : noFit("no sky"),
    gaussian: known ? fitProfile(gaussian, [], r, values) : noFit("no sky"),
    shape: known ? shapeAround(subject, x, y, sky.level) : null,
    ci: known ? concentration(subject, x, y, sky.level) : NaN,
  };
}
