// @ts-check
/** Keys h and m: how the values are distributed, in the whole stamp or in 11 × 11 px. */
import { nothing, onMosaic } from "./examined.js";
import { clipped, describe, histogram, sorted } from "./statistics.js";
import { boxAround, pixelOf } from "./subject.js";
import { figure, missingNote, percent, quantity, unitName } from "./words.js";

/** @typedef {import("./subject.js").Subject} Subject */

const BOX = 11;
const BINS = 64;
const BOX_BINS = 16;
/** The share of the values that the stamp's histogram leaves out at each end. */
const TAIL = 0.005;

/**
 * The outline of a histogram.
 * @param {number[]} counts @param {number} low @param {number} high
 * @returns {import("./strokes.js").Line}
 */
function outline(counts, low, high) {
  const edges = counts.map((_, i) => low + (i * (high - low)) / counts.length);
  return {
    name: "",
    xs: [low, ...edges.flatMap((edge, i) => [edge, edges[i + 1] ?? high]), high],
    ys: [0, ...counts.flatMap((count) => [count, count]), 0],
    dashed: false,
  };
}

/**
 * @param {Subject} subject @param {number[]} counts @param {number} low @param {number} high
 * @param {number} median @returns {import("./strokes.js").Curve}
 */
function curveOf({ unit }, counts, low, high, median) {
  const name = unitName(unit);
  return {
    xLabel: name ? `value (${name})` : "value",
    xRange: [low, high],
    yLabel: "pixels",
    points: null,
    lines: [outline(counts, low, high)],
    marks: [[median, "median"]],
    logCounts: counts.length === BINS,
    relative: null,
  };
}

/** @type {import("./examined.js").Examiner} */
export function examineHistogram(subject) {
  const values = sorted(subject.plane);
  if (values.length === 0) return nothing("The stamp has no data.");
  const { n, missing, mean, median, min, max } = describe(values);
  const tail = Math.floor(TAIL * n);
  const [low, high] = [values[tail], values[n - 1 - tail]];
  const counts = histogram(values, low, high, BINS);
  const outside = n - counts.reduce((sum, count) => sum + count, 0);
  const { unit } = subject;
  return {
    numbers: [
      ["Pixels", String(n)],
      ["No data", String(subject.plane.length - n + missing)],
      ["Mean", quantity(mean, unit)],
      ["Median", quantity(median, unit)],
      ["Clipped σ", quantity(clipped(values).sigma, unit)],
      ["Bin", quantity((high - low) / BINS, unit)],
      ["Min", quantity(min, unit)],
      ["Max", quantity(max, unit)],
    ],
    notes: outside > 0 ? [`The plot leaves out the outermost ${percent(outside / n)}.`] : [],
    curve: curveOf(subject, counts, low, high, median),
    paint: null,
  };
}

/** @type {import("./examined.js").Examiner} */
export function examineStatistics(subject) {
  const { x, y } = pixelOf(subject);
  const box = boxAround(subject, x, y, BOX);
  const { n, mean, median, sigma, min, max } = describe(box);
  if (n === 0) return nothing(`The ${BOX} × ${BOX} px here have no data.`);
  const { unit } = subject;
  const centre = onMosaic(subject, x, y);
  return {
    numbers: [
      ["N", `${n} of ${BOX} × ${BOX} px`],
      ["Around x, y", `${Math.round(centre.x)}, ${Math.round(centre.y)}`],
      ["Mean", quantity(mean, unit)],
      ["Median", quantity(median, unit)],
      ["σ", quantity(sigma, unit)],
      ["σ / mean", figure(sigma / mean)],
      ["Min", quantity(min, unit)],
      ["Max", quantity(max, unit)],
    ],
    notes: missingNote(1 - n / BOX ** 2, `the ${BOX} × ${BOX} px`),
    curve: curveOf(subject, histogram(sorted(box), min, max, BOX_BINS), min, max, median),
    paint: null,
  };
}
