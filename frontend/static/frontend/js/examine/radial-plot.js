// @ts-check
/** Key r: the radial profile with its fits, and the source's shape. */
import { RADIUS } from "./background.js";
import { nothing, onMosaic } from "./examined.js";
import { PROFILE_PX, radialProfile } from "./radial.js";
import { fixed, missingNote, quantity, unitName } from "./words.js";

/** @typedef {import("./subject.js").Subject} Subject */
/** @typedef {import("./radial.js").ProfileFit} ProfileFit */

const SAMPLES = 80;

/** @param {number} px @param {Subject} subject @returns {string} in arcsec too, if it is known */
function width(px, { arcsecPerPx }) {
  if (Number.isNaN(px)) return "no fit";
  const arcsec = arcsecPerPx === null ? "" : `, ${fixed(px * arcsecPerPx, 3)}″`;
  return `${fixed(px, 2)} px${arcsec}`;
}

/**
 * @param {string} name @param {ProfileFit} fit @param {boolean} dashed
 * @returns {import("./strokes.js").Line[]}
 */
function lineOf(name, fit, dashed) {
  if (fit.failure) return [];
  const xs = Array.from({ length: SAMPLES + 1 }, (_, i) => (i * PROFILE_PX) / SAMPLES);
  return [{ name, xs, ys: xs.map(fit.at), dashed }];
}

/** @param {number} beta */
const betaText = (beta) => (beta > 50 ? "> 50" : fixed(beta, 2));

/**
 * @param {Subject} subject @param {ReturnType<typeof radialProfile>} profile
 * @returns {Array<[string, string]>}
 */
function numbersOf(subject, { x, y, sky, peak, moffat, gaussian, shape, ci }) {
  const { starFwhm, unit } = subject;
  const centre = onMosaic(subject, x, y);
  const ratio = fixed(moffat.fwhm / (starFwhm ?? NaN), 2);
  return [
    ["FWHM Moffat", width(moffat.fwhm, subject)],
    ["FWHM Gauss", width(gaussian.fwhm, subject)],
    ["Field’s stars", starFwhm === null ? "not known" : width(starFwhm, subject)],
    ["Moffat / stars", ratio === "NaN" ? "–" : ratio],
    ["Moffat β", moffat.failure ? "–" : betaText(moffat.beta)],
    ["CI, 1 to 3 px", Number.isNaN(ci) ? "–" : `${fixed(ci, 2)} mag`],
    ["Ellipticity", shape ? fixed(shape.ellipticity, 2) : "–"],
    ["PA from +x", shape ? `${fixed(shape.angleDeg, 0)}°` : "–"],
    ["Peak − sky", quantity(peak - sky.level, unit)],
    ["Sky", quantity(sky.level, unit)],
    ["Centre x, y", `${fixed(centre.x, 2)}, ${fixed(centre.y, 2)}`],
  ];
}

/** @param {ReturnType<typeof radialProfile>} profile @returns {string[]} */
function notesOf({ centred, sky, missing, moffat, gaussian }) {
  const same = moffat.failure === gaussian.failure;
  /** @param {string} name @param {ProfileFit} fit */
  const failed = (name, { failure }) => (failure ? [`${name}: ${failure}.`] : []);
  return [
    ...(centred ? [] : ["No centre found: measured around the place itself."]),
    ...failed(same ? "No fit" : "No Moffat fit", moffat),
    ...(same ? [] : failed("No Gaussian fit", gaussian)),
    ...missingNote(missing, `the ${RADIUS} px that are fitted`),
    ...missingNote(sky.missing, "the sky’s ring"),
  ];
}

/** @type {import("./examined.js").Examiner} */
export function examineRadial(subject) {
  const profile = radialProfile(subject);
  const { r, above, sky, moffat, gaussian } = profile;
  if (r.length === 0) return nothing(`The ${PROFILE_PX} px around here have no data.`);
  const unit = unitName(subject.unit);
  const peak = moffat.failure ? Math.max(...above) : moffat.amplitude;
  const known = !Number.isNaN(sky.level);
  return {
    numbers: numbersOf(subject, profile),
    notes: notesOf(profile),
    curve: {
      xLabel: "radius (px)",
      xRange: [0, PROFILE_PX],
      yLabel: unit ? `above the sky (${unit})` : "above the sky",
      points: known ? [r, above] : null,
      lines: [...lineOf("Moffat", moffat, false), ...lineOf("Gauss", gaussian, true)],
      marks: moffat.failure ? [] : [[moffat.fwhm / 2, "½ FWHM"]],
      logCounts: false,
      relative: { zero: 0, one: peak, label: "share of the peak" },
    },
    paint: null,
  };
}
