// @ts-check
/** The kinds of plots, as in imexamine, with its keys r e s h l c a m x. */
import { examineAperture } from "./aperture-plot.js";
import { examineContour } from "./contour-plot.js";
import { examineColumn, examineLine } from "./cut-plot.js";
import { examineHistogram, examineStatistics } from "./histogram-plot.js";
import { noMeasurement } from "./measurement.js";
import { examineCoordinates } from "./pixel-table.js";
import { examineRadial } from "./radial-plot.js";
import { examineSurface } from "./surface-plot.js";
import { onStamp } from "./target.js";

/** Name of each kind, as on the page. */
export const PLOT_NAMES = /** @type {Readonly<Record<string, string>>} */ ({
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

/** @type {Readonly<Record<string, import("./measurement.js").Examiner>>} */
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
 * Examine a target in one way.
 * @param {string} kind a key of PLOT_NAMES @param {import("./target.js").Target} target
 * @returns {import("./measurement.js").Measurement}
 */
export function examine(kind, target) {
  const examiner = EXAMINERS[kind];
  if (examiner === undefined) throw new Error(`There is no plot called ${kind}.`);
  return onStamp(target) ? examiner(target) : noMeasurement("This position is not on the stamp.");
}
