// @ts-check
/** Key s: 21 × 21 px as a landscape, seen as surfit's default: azimuth -33°, altitude 25°. */
import { nothing, onMosaic } from "./examined.js";
import { describe } from "./statistics.js";
import { boxAround, pixelOf } from "./subject.js";
import { figure, missingNote, quantity, unitName } from "./words.js";

/** @typedef {import("./sheet.js").Sheet} Sheet */
/**
 * The extremes of the values, and the FITS pixel of the lower left corner.
 * @typedef {{min: number, max: number, unit: string, x: number, y: number}} Ends
 */

const BOX = 21;
const REACH = (BOX - 1) / 2;
const AZIMUTH = (-33 * Math.PI) / 180;
const ALTITUDE = (25 * Math.PI) / 180;
const [COS, SIN] = [Math.cos(AZIMUTH), Math.sin(AZIMUTH)];

/**
 * The grid's cells, the farthest first: what is near is painted over what it hides.
 * @returns {Array<[number, number]>} lower left corners
 */
function cellsFromAfar() {
  const cells = Array.from({ length: (BOX - 1) ** 2 }, (_, i) => (
    /** @type {[number, number]} */ ([i % (BOX - 1), Math.floor(i / (BOX - 1))])
  ));
  /** @param {[number, number]} cell */
  const depth = ([x, y]) => x * SIN + y * COS;
  return cells.sort((a, b) => depth(b) - depth(a));
}

/**
 * Where a point of the landscape is on the sheet.
 * @param {Sheet} sheet
 * @returns {(x: number, y: number, z: number) => [number, number]} z from 0 to 1
 */
function projection({ width, height }) {
  const reach = REACH * (COS - SIN);
  const tilt = Math.sin(ALTITUDE);
  const scale = Math.min((width - 130) / (2 * reach), (0.45 * height) / (2 * reach * tilt));
  const rise = Math.max(0, height - 2 * reach * tilt * scale - 30);
  const middle = rise + 8 + reach * tilt * scale;
  return (x, y, z) => {
    const [dx, dy] = [x - REACH, y - REACH];
    const away = dx * SIN + dy * COS;
    return [
      width / 2 + 28 + (dx * COS - dy * SIN) * scale,
      middle - away * tilt * scale - z * rise,
    ];
  };
}

/** @param {Sheet} sheet @param {Float32Array} heights 0 to 1, NaN for no data */
function drawCells({ pen, ink, width, height }, heights) {
  const place = projection({ pen, ink, width, height });
  pen.lineWidth = 0.75;
  for (const [x, y] of cellsFromAfar()) {
    const corners = /** @type {const} */ ([[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]]);
    const z = corners.map(([column, row]) => heights[row * BOX + column]);
    if (z.some(Number.isNaN)) continue;
    pen.beginPath();
    corners.forEach(([column, row], i) => pen.lineTo(...place(column, row, z[i])));
    pen.closePath();
    pen.fillStyle = ink.panel;
    pen.fill();
    pen.fillStyle = ink.pair[0];
    pen.globalAlpha = 0.06 + 0.64 * Math.max(...z);
    pen.fill();
    pen.globalAlpha = 0.55;
    pen.strokeStyle = ink.text;
    pen.stroke();
    pen.globalAlpha = 1;
  }
}

/** @param {Sheet} sheet @param {Ends} ends */
function drawLabels(sheet, { min, max, unit, x, y }) {
  const { pen, ink } = sheet;
  const place = projection(sheet);
  const [foot, low] = place(0, 0, 0);
  const [, high] = place(0, 0, 1);
  pen.strokeStyle = pen.fillStyle = ink.quiet;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(foot - 8.5, low);
  pen.lineTo(foot - 8.5, high);
  for (const end of [low, high]) {
    pen.moveTo(foot - 12, Math.round(end) + 0.5);
    pen.lineTo(foot - 8, Math.round(end) + 0.5);
  }
  pen.stroke();
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  pen.fillText(figure(min), foot - 15, low);
  if (max > min) pen.fillText(figure(max), foot - 15, high);
  pen.fillText(unit, foot - 15, high + 13);
  pen.textBaseline = "top";
  pen.textAlign = "center";
  const [xEnd, xLow] = place(REACH, 0, 0);
  pen.fillText(`x ${x} to ${x + BOX - 1}`, xEnd - 30, xLow + 8);
  const [yEnd, yLow] = place(BOX - 1, REACH, 0);
  pen.fillText(`y ${y} to ${y + BOX - 1}`, Math.min(yEnd + 20, sheet.width - 40), yLow + 14);
}

/** @type {import("./examined.js").Examiner} */
export function examineSurface(subject) {
  const { x, y } = pixelOf(subject);
  const box = boxAround(subject, x, y, BOX);
  const { n, median, sigma, min, max } = describe(box);
  if (n === 0) return nothing(`The ${BOX} × ${BOX} px here have no data.`);
  const range = max > min ? max - min : 1;
  const heights = box.map((value) => (value - min) / range);
  const first = onMosaic(subject, x - REACH, y - REACH);
  const { unit } = subject;
  const ends = { min, max, unit: unitName(unit), x: Math.round(first.x), y: Math.round(first.y) };
  return {
    numbers: [
      ["Min", quantity(min, unit)],
      ["Max", quantity(max, unit)],
      ["Median", quantity(median, unit)],
      ["σ", quantity(sigma, unit)],
      ["Box", `${BOX} × ${BOX} px`],
    ],
    notes: missingNote(1 - n / BOX ** 2, `the ${BOX} × ${BOX} px`),
    curve: null,
    paint: (sheet) => {
      drawCells(sheet, heights);
      drawLabels(sheet, ends);
    },
  };
}
