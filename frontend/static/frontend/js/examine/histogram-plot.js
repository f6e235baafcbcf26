// @ts-check
/** Keys h and m: the histogram of the whole stamp, and the statistics of 11 × 11 px. */
import {
  formatNumber, formatPercent, formatQuantity, missingDataNote, unitLabel,
} from "./format.js";
import { noMeasurement } from "./measurement.js";
import { describe, histogram, sigmaClipped, sortFinite } from "./statistics.js";
import { boxAround, onMosaic, pixelOf } from "./target.js";

/** @typedef {import("./target.js").Target} Target */

const BOX = 11;
const BINS = 64;
const BOX_BINS = 16;
/** Fraction of the values that the histogram leaves out at each end. */
const TAIL = 0.005;

/**
 * Return the outline of a histogram.
 * @param {number[]} counts @param {number} low @param {number} high
 * @returns {import("./drawing.js").Line}
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
 * @param {Target} target @param {number[]} counts @param {number} low @param {number} high
 * @param {number} median @returns {import("./drawing.js").Curve}
 */
function histogramCurve({ unit }, counts, low, high, median) {
  const label = unitLabel(unit);
  return {
    xLabel: label ? `value (${label})` : "value",
    xRange: [low, high],
    yLabel: "pixels",
    points: null,
    lines: [outline(counts, low, high)],
    marks: [[median, "median"]],
    logCounts: counts.length === BINS,
    relative: null,
  };
}

/**
 * Examine the histogram of the stamp.
 * @type {import("./measurement.js").Examiner}
 */
export function examineHistogram(target) {
  const values = sortFinite(target.plane);
  if (values.length === 0) return noMeasurement("The stamp has no data.");
  const { n, missing, mean, median, min, max } = describe(values);
  const tail = Math.floor(TAIL * n);
  const [low, high] = [values[tail], values[n - 1 - tail]];
  const counts = histogram(values, low, high, BINS);
  const outside = n - counts.reduce((sum, count) => sum + count, 0);
  const { unit } = target;
  return {
    numbers: [
      ["Pixels", String(n)],
      ["No data", String(target.plane.length - n + missing)],
      ["Mean", formatQuantity(mean, unit)],
      ["Median", formatQuantity(median, unit)],
      ["Clipped σ", formatQuantity(sigmaClipped(values).sigma, unit)],
      ["Bin", formatQuantity((high - low) / BINS, unit)],
      ["Min", formatQuantity(min, unit)],
      ["Max", formatQuantity(max, unit)],
    ],
    notes: outside > 0 ? [`The plot leaves out the outermost ${formatPercent(outside / n)}.`] : [],
    curve: histogramCurve(target, counts, low, high, median),
    paint: null,
  };
}

/**
 * Examine the statistics around the target.
 * @type {import("./measurement.js").Examiner}
 */
export function examineStatistics(target) {
  const { x, y } = pixelOf(target);
  const box = boxAround(target, x, y, BOX);
  const { n, mean, median, sigma, min, max } = describe(box);
  if (n === 0) return noMeasurement(`No data in the ${BOX} × ${BOX} px.`);
  const { unit } = target;
  const centre = onMosaic(target, x, y);
  return {
    numbers: [
      ["N", `${n} of ${BOX} × ${BOX} px`],
      ["Around x, y", `${Math.round(centre.x)}, ${Math.round(centre.y)}`],
      ["Mean", formatQuantity(mean, unit)],
      ["Median", formatQuantity(median, unit)],
      ["σ", formatQuantity(sigma, unit)],
      ["σ / mean", formatNumber(sigma / mean)],
      ["Min", formatQuantity(min, unit)],
      ["Max", formatQuantity(max, unit)],
    ],
    notes: missingDataNote(1 - n / BOX ** 2, `the ${BOX} × ${BOX} px`),
    curve: histogramCurve(target, histogram(sortFinite(box), min, max, BOX_BINS), min, max, median),
    paint: null,
  };
}
