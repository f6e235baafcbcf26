// @ts-check
/** Keys l and c: the values along the line or the column through the target. */
import { formatQuantity, missingDataNote, unitLabel } from "./format.js";
import { noMeasurement } from "./measurement.js";
import { describe } from "./statistics.js";
import { onMosaic, pixelOf, valueAt } from "./target.js";

/** @typedef {import("./target.js").Target} Target */

/**
 * @param {Target} target @param {"line" | "column"} direction
 * @returns {import("./measurement.js").Measurement}
 */
function cut(target, direction) {
  const { x, y } = pixelOf(target);
  const isLine = direction === "line";
  const steps = Array.from({ length: target.side }, (_, i) => i);
  const ys = steps.map((i) => (isLine ? valueAt(target, i, y) : valueAt(target, x, i)));
  const { n, mean, median, min, max } = describe(ys);
  if (n === 0) return noMeasurement(`The ${direction} has no data.`);
  const pixel = onMosaic(target, x, y);
  const start = isLine ? pixel.x - x : pixel.y - y;
  const { unit } = target;
  const label = unitLabel(unit);
  const mosaicIndex = (/** @type {number} */ i) => String(Math.round(start + i));
  return {
    numbers: [
      [isLine ? "Line y" : "Column x", String(Math.round(isLine ? pixel.y : pixel.x))],
      [isLine ? "At x" : "At y", mosaicIndex(isLine ? x : y)],
      ["Value", formatQuantity(valueAt(target, x, y), unit)],
      ["Median", formatQuantity(median, unit)],
      ["Highest", formatQuantity(max, unit)],
      [isLine ? "Highest at x" : "Highest at y", mosaicIndex(ys.indexOf(max))],
      ["Lowest", formatQuantity(min, unit)],
      ["Mean", formatQuantity(mean, unit)],
    ],
    notes: missingDataNote(1 - n / target.side, `the ${direction}`),
    curve: {
      xLabel: isLine ? "x (FITS px)" : "y (FITS px)",
      xRange: [Math.round(start), Math.round(start) + target.side - 1],
      yLabel: label ? `value (${label})` : "value",
      points: null,
      lines: [{ name: "", xs: steps.map((i) => Math.round(start + i)), ys, dashed: false }],
      marks: [[Math.round(start + (isLine ? x : y)), ""]],
      logCounts: false,
      relative: { low: median, high: max, label: "median 0, highest 1" },
    },
    paint: null,
  };
}

/**
 * Examine the values along the line.
 * @type {import("./measurement.js").Examiner}
 */
export const examineLine = (target) => cut(target, "line");

/**
 * Examine the values along the column.
 * @type {import("./measurement.js").Examiner}
 */
export const examineColumn = (target) => cut(target, "column");
