// @ts-check
/** Key a: aperture photometry with the curve of growth. */
import {
  concentrationIndex, fluxError, growthCurve, instrumentalMagnitude, magnitudeError,
} from "./aperture.js";
import { RADIUS } from "./background.js";
import { formatFixed } from "../lib/numbers.js";
import { formatQuantity, missingDataNote, unitLabel } from "./format.js";
import { noMeasurement } from "./measurement.js";
import { sourceAt } from "./radial-profile.js";
import { onMosaic } from "./target.js";

const RADII = Array.from({ length: 10 }, (_, i) => i + 1);

/**
 * Format the magnitude with its error and its system: the rows of two filters share a name.
 * @param {import("./target.js").Target} target @param {number} flux @param {number} error
 */
function formatMagnitude({ zeroPoint }, flux, error) {
  if (!(flux > 0)) return "–";
  const magnitude = formatFixed(instrumentalMagnitude(flux) + (zeroPoint?.mag ?? 0), 3);
  const system = zeroPoint?.system ?? "instrumental";
  return `${magnitude} ± ${formatFixed(magnitudeError(flux, error), 3)} ${system}`;
}

/** @param {import("./target.js").Target} target @returns {string[]} what the magnitude is */
function calibrationNotes({ zeroPoint, electronsPerUnit }) {
  return [
    zeroPoint
      ? `${zeroPoint.system} zero point ${formatFixed(zeroPoint.mag, 3)}, no aperture correction.`
      : "Instrumental magnitude: zero point 0.",
    ...(electronsPerUnit === null ? ["The error is that of the sky alone: the gain is not known."] : []),
  ];
}

/**
 * Examine the flux in circular apertures.
 * @type {import("./measurement.js").Examiner}
 */
export function examineAperture(target) {
  const { x, y, centred, sky } = sourceAt(target);
  const { flux, missing } = growthCurve(target, x, y, sky.level, RADII);
  const index = RADII.indexOf(RADIUS);
  const error = fluxError(flux[index], RADIUS, sky, target.electronsPerUnit);
  if (missing.at(-1) === 1) return noMeasurement(`No data within ${RADII.length} px.`);
  const ci = concentrationIndex(target, x, y, sky.level);
  const unit = unitLabel(target.unit);
  const centre = onMosaic(target, x, y);
  const hasSky = !Number.isNaN(sky.level);
  const faint = Number.isFinite(flux[index]) && flux[index] <= 0;
  return {
    numbers: [
      [`Flux in ${RADIUS} px`, formatQuantity(flux[index], target.unit)],
      ["Magnitude", formatMagnitude(target, flux[index], error)],
      ["CI, 1 to 3 px", Number.isNaN(ci) ? "–" : `${formatFixed(ci, 2)} mag`],
      ["Sky", formatQuantity(sky.level, target.unit)],
      ["Sky σ", formatQuantity(sky.sigma, target.unit)],
      ["Centre x, y", `${formatFixed(centre.x, 2)}, ${formatFixed(centre.y, 2)}`],
    ],
    notes: [
      ...calibrationNotes(target),
      ...(centred ? [] : ["No centre found: measured around the position itself."]),
      ...(hasSky ? [] : ["The sky annulus has too few pixels with data: no fluxes."]),
      ...(faint ? ["No flux above the sky: no magnitude."] : []),
      ...missingDataNote(missing[index], `the ${RADIUS} px aperture`),
      ...missingDataNote(sky.missing, "the sky annulus"),
    ],
    curve: {
      xLabel: "radius (px)",
      xRange: [0, RADII.length],
      yLabel: unit ? `flux within (${unit})` : "flux within",
      points: [RADII, flux],
      lines: [{ name: "", xs: [0, ...RADII], ys: [0, ...flux], dashed: false }],
      marks: [[RADIUS, `${RADIUS} px`]],
      logCounts: false,
      relative: { low: 0, high: flux[index], label: `flux / ${RADIUS} px flux` },
    },
    paint: null,
  };
}
