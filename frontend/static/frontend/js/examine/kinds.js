// @ts-check
/** The ways to look at a place, in imexamine's words; its keys are r e s h l c a m x. */
import { examineContour } from "./contour-plot.js";
import { examineColumn, examineLine } from "./cut-plot.js";
import { nothing } from "./examined.js";
import { examineAperture } from "./growth-plot.js";
import { examineHistogram, examineStatistics } from "./histogram-plot.js";
import { examineCoordinates } from "./pixels-plot.js";
import { examineRadial } from "./radial-plot.js";
import { onStamp } from "./subject.js";
import { examineSurface } from "./surface-plot.js";

/** @typedef {import("./subject.js").Subject} Subject */
/** @typedef {import("./examined.js").Examined} Examined */

/** Names by kind. */
export const KINDS = /** @type {Readonly<Record<string, string>>} */ ({
  radial: "radial profile",
  contour: "contour",
  surface: "surface",
  histogram: "histogram",
  line: "line",
  column: "column",
  aperture: "aperture photometry",
  statistics: "statistics",
  coordinates: "coordinates and value",
});

/** @type {Readonly<Record<string, import("./examined.js").Examiner>>} */
const EXAMINERS = {
  radial: examineRadial,
  contour: examineContour,
  surface: examineSurface,
  histogram: examineHistogram,
  line: examineLine,
  column: examineColumn,
  aperture: examineAperture,
  statistics: examineStatistics,
  coordinates: examineCoordinates,
};

/**
 * Measures, whatever the stamp holds.
 * @param {string} kind a key of KINDS @param {Subject} subject @returns {Examined}
 */
export function examine(kind, subject) {
  const examiner = EXAMINERS[kind];
  if (examiner === undefined) throw new Error(`There is no way to examine called ${kind}.`);
  return onStamp(subject) ? examiner(subject) : nothing("This place is not on the stamp.");
}
