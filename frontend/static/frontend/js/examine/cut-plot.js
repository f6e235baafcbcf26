// @ts-check
/** Keys l and c: the values along the line, or the column, through the place. */
import { nothing, onMosaic } from "./examined.js";
import { describe } from "./statistics.js";
import { pixelOf, valueAt } from "./subject.js";
import { missingNote, quantity, unitName } from "./words.js";

/** @typedef {import("./subject.js").Subject} Subject */

/**
 * @param {Subject} subject @param {"line" | "column"} which
 * @returns {import("./examined.js").Examined}
 */
function cut(subject, which) {
  const { x, y } = pixelOf(subject);
  const along = which === "line";
  const steps = Array.from({ length: subject.side }, (_, i) => i);
  const ys = steps.map((i) => (along ? valueAt(subject, i, y) : valueAt(subject, x, i)));
  const { n, mean, median, min, max } = describe(ys);
  if (n === 0) return nothing(`This ${which} has no data.`);
  const here = onMosaic(subject, x, y);
  const start = along ? here.x - x : here.y - y;
  const { unit } = subject;
  const name = unitName(unit);
  const place = (/** @type {number} */ i) => String(Math.round(start + i));
  return {
    numbers: [
      [along ? "Line y" : "Column x", String(Math.round(along ? here.y : here.x))],
      [along ? "At x" : "At y", place(along ? x : y)],
      ["Value there", quantity(valueAt(subject, x, y), unit)],
      ["Median", quantity(median, unit)],
      ["Highest", quantity(max, unit)],
      [along ? "Highest at x" : "Highest at y", place(ys.indexOf(max))],
      ["Lowest", quantity(min, unit)],
      ["Mean", quantity(mean, unit)],
    ],
    notes: missingNote(1 - n / subject.side, `the ${which}`),
    curve: {
      xLabel: along ? "x (FITS px)" : "y (FITS px)",
      xRange: [Math.round(start), Math.round(start) + subject.side - 1],
      yLabel: name ? `value (${name})` : "value",
      points: null,
      lines: [{ name: "", xs: steps.map((i) => Math.round(start + i)), ys, dashed: false }],
      marks: [[Math.round(start + (along ? x : y)), ""]],
      logCounts: false,
      relative: { zero: median, one: max, label: "median 0, highest 1" },
    },
    paint: null,
  };
}

/** @type {import("./examined.js").Examiner} */
export const examineLine = (subject) => cut(subject, "line");

/** @type {import("./examined.js").Examiner} */
export const examineColumn = (subject) => cut(subject, "column");
