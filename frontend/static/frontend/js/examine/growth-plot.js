// @ts-check
/** Key a: aperture photometry with its curve of growth. */
import { concentration, growth, instrumental } from "./aperture.js";
import { RADIUS } from "./background.js";
import { nothing, onMosaic } from "./examined.js";
import { sourceAt } from "./radial.js";
import { fixed, missingNote, quantity, unitName } from "./words.js";

const RADII = Array.from({ length: 10 }, (_, i) => i + 1);

/** @param {number} flux @returns {string} */
const magnitude = (flux) => (flux > 0 ? `${fixed(instrumental(flux), 3)} mag` : "–");

/** @type {import("./examined.js").Examiner} */
export function examineAperture(subject) {
  const { x, y, centred, sky } = sourceAt(subject);
  const { flux, missing } = growth(subject, x, y, sky.level, RADII);
  const at = RADII.indexOf(RADIUS);
  if (missing.at(-1) === 1) return nothing(`The ${RADII.length} px around here have no data.`);
  const ci = concentration(subject, x, y, sky.level);
  const unit = unitName(subject.unit);
  const centre = onMosaic(subject, x, y);
  const known = !Number.isNaN(sky.level);
  const dim = Number.isFinite(flux[at]) && flux[at] <= 0;
  return {
    numbers: [
      [`Flux in ${RADIUS} px`, quantity(flux[at], subject.unit)],
      ["Instrumental", magnitude(flux[at])],
      ["CI, 1 to 3 px", Number.isNaN(ci) ? "–" : `${fixed(ci, 2)} mag`],
      ["Sky", quantity(sky.level, subject.unit)],
      ["Sky’s σ", quantity(sky.sigma, subject.unit)],
      ["Centre x, y", `${fixed(centre.x, 2)}, ${fixed(centre.y, 2)}`],
    ],
    notes: [
      "Instrumental magnitude: zero point 0.",
      ...(centred ? [] : ["No centre found: measured around the place itself."]),
      ...(known ? [] : ["The sky’s ring has too few pixels with data: no fluxes."]),
      ...(dim ? ["No light above the sky: no magnitude."] : []),
      ...missingNote(missing[at], `the ${RADIUS} px aperture`),
      ...missingNote(sky.missing, "the sky’s ring"),
    ],
    curve: {
      xLabel: "radius (px)",
      xRange: [0, RADII.length],
      yLabel: unit ? `flux within (${unit})` : "flux within",
      points: [RADII, flux],
      lines: [{ name: "", xs: [0, ...RADII], ys: [0, ...flux], dashed: false }],
      marks: [[RADIUS, `${RADIUS} px`]],
      logCounts: false,
      relative: { zero: 0, one: flux[at], label: `flux / ${RADIUS} px flux` },
    },
    paint: null,
  };
}
