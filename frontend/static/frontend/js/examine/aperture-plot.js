// @ts-check
/** Key a: aperture photometry with the curve of growth. */
import { concentrationIndex, growthCurve, instrumentalMagnitude } from "./aperture.js";
import { RADIUS } from "./background.js";
import { formatFixed, formatQuantity, missingDataNote, unitLabel } from "./format.js";
import { noMeasurement } from "./measurement.js";
import { sourceAt } from "./radial-profile.js";
import { onMosaic } from "./target.js";

const RADII = Array.from({ length: 10 }, (_, i) => i + 1);

/** @param {number} flux @returns {string} */
const formatInstrumental = (flux) => (flux > 0 ? `${formatFixed(instrumentalMagnitude(flux), 3)} mag` : "–");

/**
 * Examine the flux in circular apertures.
 * @type {import("./measurement.js").Examiner}
 */
export function examineAperture(target) {
  const { x, y, centred, sky } = sourceAt(target);
  const { flux, missing } = growthCurve(target, x, y, sky.level, RADII);
  const index = RADII.indexOf(RADIUS);
  if (missing.at(-1) === 1) return noMeasurement(`No data within ${RADII.length} px.`);
  const ci = concentrationIndex(target, x, y, sky.level);
  const unit = unitLabel(target.unit);
  const centre = onMosaic(target, x, y);
  const hasSky = !Number.isNaN(sky.level);
  const faint = Number.isFinite(flux[index]) && flux[index] <= 0;
  return {
    numbers: [
      [`Flux in ${RADIUS} px`, formatQuantity(flux[index], target.unit)],
      ["Instrumental", formatInstrumental(flux[index])],
      ["CI, 1 to 3 px", Number.isNaN(ci) ? "–" : `${formatFixed(ci, 2)} mag`],
      ["Sky", formatQuantity(sky.level, target.unit)],
      ["Sky σ", formatQuantity(sky.sigma, target.unit)],
      ["Centre x, y", `${formatFixed(centre.x, 2)}, ${formatFixed(centre.y, 2)}`],
    ],
    notes: [
      "Instrumental magnitude: zero point 0.",
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
