// @ts-check
/** Key e: five contour levels over 21 × 21 px. */
import { drawAxes } from "./axes.js";
import { linearScale } from "./axis-scale.js";
import { contourLevels, contourLines } from "./contour.js";
import { formatNumber, formatQuantity, missingDataNote } from "./format.js";
import { noMeasurement } from "./measurement.js";
import { describe } from "./statistics.js";
import { boxAround, onMosaic, pixelOf } from "./target.js";

/** @typedef {import("./plot-canvas.js").Plot} Plot */
/** @typedef {import("./contour.js").Vertex} Vertex */

const BOX = 21;
const HALF = (BOX - 1) / 2;
const LEVELS = 5;

/**
 * @param {Plot} plot @param {{x: number, y: number}} first FITS pixel of the box's lower left
 * @param {Vertex[][][]} lines by level @param {string[]} names of the levels, lowest first
 */
function drawContours(plot, first, lines, names) {
  const { context, colours } = plot;
  const [xScale, yScale] = [first.x, first.y].map((low) => linearScale(low, low + 2 * HALF, 5));
  const frame = drawAxes(plot, xScale, yScale, { x: "x (FITS px)", y: "y (FITS px)" }, true);
  context.textAlign = "left";
  context.textBaseline = "middle";
  lines.forEach((level, i) => {
    // Higher levels are stronger, so that their order is visible.
    context.globalAlpha = 0.35 + (0.65 * i) / Math.max(1, lines.length - 1);
    context.strokeStyle = colours.series[0];
    context.lineWidth = 1.25;
    context.beginPath();
    for (const line of level) {
      line.forEach(([x, y], k) => {
        if (k === 0) context.moveTo(frame.x(first.x + x), frame.y(first.y + y));
        else context.lineTo(frame.x(first.x + x), frame.y(first.y + y));
      });
    }
    const row = frame.top + 8 + 16 * (lines.length - 1 - i);
    context.moveTo(frame.right + 14, row);
    context.lineTo(frame.right + 32, row);
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = colours.text;
    context.fillText(names[i], frame.right + 38, row);
  });
}

/**
 * Examine the contours.
 * @type {import("./measurement.js").Examiner}
 */
export function examineContour(target) {
  const { x, y } = pixelOf(target);
  const box = boxAround(target, x, y, BOX);
  const { n, median, min, max } = describe(box);
  if (n === 0) return noMeasurement(`No data in the ${BOX} × ${BOX} px.`);
  const levels = contourLevels(min, max, LEVELS);
  const lines = levels.map((level) => contourLines(box, BOX, level));
  const first = onMosaic(target, x - HALF, y - HALF);
  const rounded = { x: Math.round(first.x), y: Math.round(first.y) };
  const { unit } = target;
  return {
    numbers: [
      ["Lowest level", formatQuantity(levels[0], unit)],
      ["Step", formatQuantity(levels[1] - levels[0], unit)],
      ["Min", formatQuantity(min, unit)],
      ["Max", formatQuantity(max, unit)],
      ["Median", formatQuantity(median, unit)],
      ["Box", `${BOX} × ${BOX} px`],
    ],
    notes: [
      ...(levels.length ? [] : ["Every pixel has the same value: no contours."]),
      ...missingDataNote(1 - n / BOX ** 2, `the ${BOX} × ${BOX} px`),
    ],
    curve: null,
    paint: (plot) => drawContours(plot, rounded, lines, levels.map(formatNumber)),
  };
}
