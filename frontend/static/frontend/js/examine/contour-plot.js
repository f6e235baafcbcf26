// @ts-check
/** Key e: contours at five levels of 21 × 21 px. */
import { drawAxes, plotArea } from "./axes.js";
import { linearScale } from "./axis-scale.js";
import { contourLevels, contourLines } from "./contour.js";
import { formatQuantity, missingDataNote } from "./format.js";
import { noMeasurement } from "./measurement.js";
import { describe } from "./statistics.js";
import { boxAround, onMosaic, pixelOf } from "./target.js";

/** @typedef {import("./plot-canvas.js").Plot} Plot */
/** @typedef {import("./contour.js").Vertex} Vertex */
/** @typedef {import("./target.js").Target} Target */

const BOX = 21;
const HALF = (BOX - 1) / 2;
const LEVELS = 5;

/**
 * Draw the contours of the rows of the box, in as many columns as the plot is wide: one pixel is
 * equally long on both axes.
 * @param {Plot} plot @param {Target} target @param {number[]} levels lowest first
 */
function drawContours(plot, target, levels) {
  const { x, y } = pixelOf(target);
  const middle = onMosaic(target, x, y);
  const [xPix, yPix] = [Math.round(middle.x), Math.round(middle.y)];
  const yScale = linearScale(yPix - HALF, yPix + HALF, 5);
  const { left, right, top, bottom } = plotArea(plot, yScale);
  const half = (HALF * (right - left)) / (bottom - top);
  const frame = drawAxes(plot, linearScale(xPix - half, xPix + half, 8), yScale, {
    x: "x (FITS px)", y: "y (FITS px)",
  });
  const columns = 2 * Math.floor(half) + 1;
  const box = boxAround(target, x, y, columns, BOX);
  const first = { x: xPix - Math.floor(half), y: yPix - HALF };
  levels.forEach((level, i) => drawLevel(plot, frame, contourLines(box, columns, level), {
    // Higher levels are stronger, so that their order is visible.
    first, strength: 0.35 + (0.65 * i) / Math.max(1, levels.length - 1),
  }));
}

/**
 * Draw the lines of one level.
 * @param {Plot} plot @param {import("./axes.js").Frame} frame @param {Vertex[][]} lines
 * @param {{first: {x: number, y: number}, strength: number}} options FITS pixel of the lower left
 */
function drawLevel({ context, colours }, frame, lines, { first, strength }) {
  context.globalAlpha = strength;
  context.strokeStyle = colours.series[0];
  context.lineWidth = 1.25;
  context.beginPath();
  for (const line of lines) {
    line.forEach(([x, y], k) => {
      if (k === 0) context.moveTo(frame.x(first.x + x), frame.y(first.y + y));
      else context.lineTo(frame.x(first.x + x), frame.y(first.y + y));
    });
  }
  context.stroke();
  context.globalAlpha = 1;
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
    paint: (plot) => drawContours(plot, target, levels),
  };
}
