// @ts-check
/** Key s: 21 × 21 px as a surface, from imexamine's default azimuth -33° and altitude 25°. */
import { formatNumber, formatQuantity, missingDataNote, unitLabel } from "./format.js";
import { noMeasurement } from "./measurement.js";
import { describe } from "./statistics.js";
import { boxAround, onMosaic, pixelOf } from "./target.js";

/** @typedef {import("./plot-canvas.js").Plot} Plot */
/**
 * The extremes of the values, and the FITS pixel of the lower left corner.
 * @typedef {{min: number, max: number, unit: string, x: number, y: number}} Extent
 */

const BOX = 21;
const HALF = (BOX - 1) / 2;
const AZIMUTH = (-33 * Math.PI) / 180;
const ALTITUDE = (25 * Math.PI) / 180;
const [COS, SIN] = [Math.cos(AZIMUTH), Math.sin(AZIMUTH)];

/**
 * Return the cells of the grid, the farthest first, so that near cells are painted over them.
 * @returns {Array<[number, number]>} lower left corners
 */
function cellsByDepth() {
  const cells = Array.from({ length: (BOX - 1) ** 2 }, (_, i) => (
    /** @type {[number, number]} */ ([i % (BOX - 1), Math.floor(i / (BOX - 1))])
  ));
  /** @param {[number, number]} cell */
  const depth = ([x, y]) => x * SIN + y * COS;
  return cells.sort((a, b) => depth(b) - depth(a));
}

/**
 * Return the projection of a point of the surface onto the plot.
 * @param {Plot} plot
 * @returns {(x: number, y: number, z: number) => [number, number]} z from 0 to 1
 */
function projection({ width, height }) {
  const reach = HALF * (COS - SIN);
  const tilt = Math.sin(ALTITUDE);
  const scale = Math.min((width - 130) / (2 * reach), (0.45 * height) / (2 * reach * tilt));
  const rise = Math.max(0, height - 2 * reach * tilt * scale - 30);
  const middle = rise + 8 + reach * tilt * scale;
  return (x, y, z) => {
    const [dx, dy] = [x - HALF, y - HALF];
    const depth = dx * SIN + dy * COS;
    return [
      width / 2 + 28 + (dx * COS - dy * SIN) * scale,
      middle - depth * tilt * scale - z * rise,
    ];
  };
}

/** @param {Plot} plot @param {Float32Array} heights 0 to 1, NaN for no data */
function drawCells({ context, colours, width, height }, heights) {
  const project = projection({ context, colours, width, height });
  context.lineWidth = 0.75;
  for (const [x, y] of cellsByDepth()) {
    const corners = /** @type {const} */ ([[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]]);
    const z = corners.map(([column, row]) => heights[row * BOX + column]);
    if (z.some(Number.isNaN)) continue;
    context.beginPath();
    corners.forEach(([column, row], i) => context.lineTo(...project(column, row, z[i])));
    context.closePath();
    context.fillStyle = colours.panel;
    context.fill();
    context.fillStyle = colours.series[0];
    context.globalAlpha = 0.06 + 0.64 * Math.max(...z);
    context.fill();
    context.globalAlpha = 0.55;
    context.strokeStyle = colours.text;
    context.stroke();
    context.globalAlpha = 1;
  }
}

/** @param {Plot} plot @param {Extent} extent */
function drawLabels(plot, { min, max, unit, x, y }) {
  const { context, colours } = plot;
  const project = projection(plot);
  const [foot, low] = project(0, 0, 0);
  const [, high] = project(0, 0, 1);
  context.strokeStyle = context.fillStyle = colours.quiet;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(foot - 8.5, low);
  context.lineTo(foot - 8.5, high);
  for (const tick of [low, high]) {
    context.moveTo(foot - 12, Math.round(tick) + 0.5);
    context.lineTo(foot - 8, Math.round(tick) + 0.5);
  }
  context.stroke();
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillText(formatNumber(min), foot - 15, low);
  if (max > min) context.fillText(formatNumber(max), foot - 15, high);
  context.fillText(unit, foot - 15, high + 13);
  context.textBaseline = "top";
  context.textAlign = "center";
  const [xEnd, xLow] = project(HALF, 0, 0);
  context.fillText(`x ${x} to ${x + BOX - 1}`, xEnd - 30, xLow + 8);
  const [yEnd, yLow] = project(BOX - 1, HALF, 0);
  context.fillText(`y ${y} to ${y + BOX - 1}`, Math.min(yEnd + 20, plot.width - 40), yLow + 14);
}

/**
 * Examine the surface.
 * @type {import("./measurement.js").Examiner}
 */
export function examineSurface(target) {
  const { x, y } = pixelOf(target);
  const box = boxAround(target, x, y, BOX);
  const { n, median, sigma, min, max } = describe(box);
  if (n === 0) return noMeasurement(`No data in the ${BOX} × ${BOX} px.`);
  const span = max > min ? max - min : 1;
  const heights = box.map((value) => (value - min) / span);
  const first = onMosaic(target, x - HALF, y - HALF);
  const { unit } = target;
  const extent = { min, max, unit: unitLabel(unit), x: Math.round(first.x), y: Math.round(first.y) };
  return {
    numbers: [
      ["Min", formatQuantity(min, unit)],
      ["Max", formatQuantity(max, unit)],
      ["Median", formatQuantity(median, unit)],
      ["σ", formatQuantity(sigma, unit)],
      ["Box", `${BOX} × ${BOX} px`],
    ],
    notes: missingDataNote(1 - n / BOX ** 2, `the ${BOX} × ${BOX} px`),
    curve: null,
    paint: (plot) => {
      drawCells(plot, heights);
      drawLabels(plot, extent);
    },
  };
}
