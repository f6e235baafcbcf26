// @ts-check
/** Key x: coordinates of the target, and the values of the 5 × 5 px around it. */
import { formatFixed } from "../lib/numbers.js";
import { commonPower, formatPower, formatQuantity, unitLabel } from "./format.js";
import { describe } from "./statistics.js";
import { boxAround, onMosaic, pixelOf, valueAt } from "./target.js";

/** @typedef {import("./plot-canvas.js").Plot} Plot */

const BOX = 5;
const LABEL = 18;

/**
 * Draw the pixels as a table, y upwards; brighter ones have more colour, the target has a frame.
 * @param {Plot} plot @param {Float32Array} box @param {{x: number, y: number}} first FITS pixel
 * @param {string} unit
 */
function drawTable({ context, width, height, colours }, box, first, unit) {
  const { min, max } = describe(box);
  const power = commonPower(Math.max(Math.abs(min), Math.abs(max)));
  const scale = 10 ** power;
  const largest = Math.max(Math.abs(min), Math.abs(max)) / scale;
  const decimals = Math.max(0, 3 - Math.max(0, Math.floor(Math.log10(largest || 1))));
  const left = context.measureText(String(first.y)).width + 14;
  const [cellWidth, cellHeight] = [(width - left - 8) / BOX, (height - 2 * LABEL - 4) / BOX];
  context.textBaseline = "middle";
  context.textAlign = "center";
  box.forEach((value, i) => {
    const [column, row] = [i % BOX, BOX - 1 - Math.floor(i / BOX)];
    const [x, y] = [left + column * cellWidth, 4 + row * cellHeight];
    context.fillStyle = colours.series[0];
    context.globalAlpha = max > min && !Number.isNaN(value) ? (0.4 * (value - min)) / (max - min) : 0;
    context.fillRect(x + 1, y + 1, cellWidth - 2, cellHeight - 2);
    context.globalAlpha = 1;
    context.fillStyle = Number.isNaN(value) ? colours.quiet : colours.text;
    const text = Number.isNaN(value) ? "no data" : formatFixed(value / scale, decimals);
    context.fillText(text, x + cellWidth / 2, y + cellHeight / 2, cellWidth - 4);
  });
  context.fillStyle = colours.quiet;
  for (let i = 0; i < BOX; i += 1) {
    context.fillText(String(first.x + i), left + (i + 0.5) * cellWidth, height - 1.5 * LABEL + 2);
    context.fillText(String(first.y + BOX - 1 - i), left / 2, 4 + (i + 0.5) * cellHeight);
  }
  const valueUnit = [formatPower(power), unit].filter(Boolean).join(" ");
  const caption = valueUnit ? `FITS px; values ${valueUnit}` : "FITS px";
  context.fillText(caption, left + (BOX / 2) * cellWidth, height - LABEL / 2);
  context.strokeStyle = colours.series[0];
  context.lineWidth = 1.5;
  context.strokeRect(left + 2 * cellWidth + 1, 4 + 2 * cellHeight + 1, cellWidth - 2, cellHeight - 2);
}

/**
 * Examine coordinates and value.
 * @type {import("./measurement.js").Examiner}
 */
export function examineCoordinates(target) {
  const { x, y } = pixelOf(target);
  const { xPix, yPix, sky, unit } = target;
  const value = valueAt(target, x, y);
  const corner = onMosaic(target, x - 2, y - 2);
  const first = { x: Math.round(corner.x), y: Math.round(corner.y) };
  return {
    numbers: [
      ["x", `${formatFixed(xPix, 2)} px`],
      ["y", `${formatFixed(yPix, 2)} px`],
      ["RA, Dec", sky || "the image has no WCS"],
      ["Value", Number.isNaN(value) ? "no data" : formatQuantity(value, unit)],
    ],
    notes: [],
    curve: null,
    paint: (plot) => drawTable(plot, boxAround(target, x, y, BOX), first, unitLabel(unit)),
  };
}
