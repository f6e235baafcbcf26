// @ts-check
/** Key r: the radial profile with its fits, and the shape of the source. */
import { RADIUS } from "./background.js";
import { formatFixed } from "../lib/numbers.js";
import { formatQuantity, missingDataNote, unitLabel } from "./format.js";
import { noMeasurement } from "./measurement.js";
import { PROFILE_PX, radialProfile } from "./radial-profile.js";
import { onMosaic } from "./target.js";

/** @typedef {import("./target.js").Target} Target */
/** @typedef {import("./radial-profile.js").ProfileFit} ProfileFit */
/** @typedef {ReturnType<typeof radialProfile>} RadialProfile */

const SAMPLES = 80;

/** @param {number} px @param {Target} target @returns {string} in px, and in arcsec with a scale */
function formatWidth(px, { arcsecPerPx }) {
  if (Number.isNaN(px)) return "no fit";
  const arcsec = arcsecPerPx === null ? "" : `, ${formatFixed(px * arcsecPerPx, 3)}″`;
  return `${formatFixed(px, 2)} px${arcsec}`;
}

/**
 * @param {string} name @param {ProfileFit} fit @param {boolean} dashed
 * @returns {import("./drawing.js").Line[]}
 */
function fitLines(name, fit, dashed) {
  if (fit.failure) return [];
  const xs = Array.from({ length: SAMPLES + 1 }, (_, i) => (i * PROFILE_PX) / SAMPLES);
  return [{ name, xs, ys: xs.map(fit.valueAt), dashed }];
}

/** @param {number} beta */
const formatBeta = (beta) => (beta > 50 ? "> 50" : formatFixed(beta, 2));

/** @param {Target} target @param {RadialProfile} profile @returns {Array<[string, string]>} */
function profileNumbers(target, { x, y, sky, peak, moffat, gaussian, shape, ci }) {
  const { starFwhm, unit } = target;
  const centre = onMosaic(target, x, y);
  const ratio = formatFixed(moffat.fwhm / (starFwhm ?? NaN), 2);
  return [
    ["FWHM Moffat", formatWidth(moffat.fwhm, target)],
    ["FWHM Gauss", formatWidth(gaussian.fwhm, target)],
    ["FWHM of stars", starFwhm === null ? "not known" : formatWidth(starFwhm, target)],
    ["Moffat / stars", ratio === "NaN" ? "–" : ratio],
    ["Moffat β", moffat.failure ? "–" : formatBeta(moffat.beta)],
    ["CI, 1 to 3 px", Number.isNaN(ci) ? "–" : `${formatFixed(ci, 2)} mag`],
    ["Ellipticity", shape ? formatFixed(shape.ellipticity, 2) : "–"],
    ["PA from +x", shape ? `${formatFixed(shape.angleDeg, 0)}°` : "–"],
    ["Peak − sky", formatQuantity(peak - sky.level, unit)],
    ["Sky", formatQuantity(sky.level, unit)],
    ["Centre x, y", `${formatFixed(centre.x, 2)}, ${formatFixed(centre.y, 2)}`],
  ];
}

/** @param {RadialProfile} profile @returns {string[]} */
function profileNotes({ centred, sky, missing, moffat, gaussian }) {
  const same = moffat.failure === gaussian.failure;
  /** @param {string} name @param {ProfileFit} fit */
  const failureNote = (name, { failure }) => (failure ? [`${name}: ${failure}.`] : []);
  return [
    ...(centred ? [] : ["No centre found: measured around the position itself."]),
    ...failureNote(same ? "No fit" : "No Moffat fit", moffat),
    ...(same ? [] : failureNote("No Gaussian fit", gaussian)),
    ...missingDataNote(missing, `the fitted ${RADIUS} px`),
    ...missingDataNote(sky.missing, "the sky annulus"),
  ];
}

/**
 * Examine the radial profile.
 * @type {import("./measurement.js").Examiner}
 */
export function examineRadial(target) {
  const profile = radialProfile(target);
  const { r, above, sky, moffat, gaussian } = profile;
  if (r.length === 0) return noMeasurement(`No data within ${PROFILE_PX} px.`);
  const unit = unitLabel(target.unit);
  const peak = moffat.failure ? Math.max(...above) : moffat.amplitude;
  return {
    numbers: profileNumbers(target, profile),
    notes: profileNotes(profile),
    curve: {
      xLabel: "radius (px)",
      xRange: [0, PROFILE_PX],
      yLabel: unit ? `above the sky (${unit})` : "above the sky",
      points: Number.isNaN(sky.level) ? null : [r, above],
      lines: [...fitLines("Moffat", moffat, false), ...fitLines("Gauss", gaussian, true)],
      marks: moffat.failure ? [] : [[moffat.fwhm / 2, "½ FWHM"]],
      logCounts: false,
      relative: { low: 0, high: peak, label: "fraction of the peak" },
    },
    paint: null,
  };
}
