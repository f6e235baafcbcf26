// @ts-check
/** Key e: five lines of equal value over 21 × 21 px. */
import { drawAxes } from "./axes.js";
import { contour, levelsBetween } from "./contour.js";
import { nothing, onMosaic } from "./examined.js";
import { linear } from "./scale.js";
import { describe } from "./statistics.js";
import { boxAround, pixelOf } from "./subject.js";
import { figure, missingNote, quantity } from "./words.js";

/** @typedef {import("./sheet.js").Sheet} Sheet */
/** @typedef {import("./contour.js").Point} Point */

const BOX = 21;
const REACH = (BOX - 1) / 2;
const LEVELS = 5;

/**
 * @param {Sheet} sheet @param {{x: number, y: number}} first FITS pixel of the box's lower left
 * @param {Point[][][]} lines by level @param {string[]} names of the levels, lowest first
 */
function draw(sheet, first, lines, names) {
  const { pen, ink } = sheet;
  const [across, up] = [first.x, first.y].map((low) => linear(low, low + 2 * REACH, 5));
  const frame = drawAxes(sheet, across, up, { x: "x (FITS px)", y: "y (FITS px)" }, true);
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  lines.forEach((level, i) => {
    // Faint below, strong above: the order of the levels is seen without reading them.
    pen.globalAlpha = 0.35 + (0.65 * i) / Math.max(1, lines.length - 1);
    pen.strokeStyle = ink.pair[0];
    pen.lineWidth = 1.25;
    pen.beginPath();
    for (const line of level) {
      line.forEach(([x, y], k) => {
        if (k === 0) pen.moveTo(frame.x(first.x + x), frame.y(first.y + y));
        else pen.lineTo(frame.x(first.x + x), frame.y(first.y + y));
      });
    }
    const row = frame.top + 8 + 16 * (lines.length - 1 - i);
    pen.moveTo(frame.right + 14, row);
    pen.lineTo(frame.right + 32, row);
    pen.stroke();
    pen.globalAlpha = 1;
    pen.fillStyle = ink.text;
    pen.fillText(names[i], frame.right + 38, row);
  });
}

/** @type {import("./examined.js").Examiner} */
export function examineContour(subject) {
  const { x, y } = pixelOf(subject);
  const box = boxAround(subject, x, y, BOX);
  const { n, median, min, max } = describe(box);
  if (n === 0) return nothing(`The ${BOX} × ${BOX} px here have no data.`);
  const levels = levelsBetween(min, max, LEVELS);
  const lines = levels.map((level) => contour(box, BOX, level));
  const first = onMosaic(subject, x - REACH, y - REACH);
  const rounded = { x: Math.round(first.x), y: Math.round(first.y) };
  const { unit } = subject;
  return {
    numbers: [
      ["Lowest line", quantity(levels[0], unit)],
      ["Step", quantity(levels[1] - levels[0], unit)],
      ["Min", quantity(min, unit)],
      ["Max", quantity(max, unit)],
      ["Median", quantity(median, unit)],
      ["Box", `${BOX} × ${BOX} px`],
    ],
    notes: [
      ...(levels.length ? [] : ["Every pixel has the same value: no lines."]),
      ...missingNote(1 - n / BOX ** 2, `the ${BOX} × ${BOX} px`),
    ],
    curve: null,
    paint: (sheet) => draw(sheet, rounded, lines, levels.map(figure)),
  };
}
