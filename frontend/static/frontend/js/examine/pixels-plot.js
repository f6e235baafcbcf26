// @ts-check
/** Key x: where it is, and the values of the 5 × 5 pixels around. */
import { onMosaic } from "./examined.js";
import { describe } from "./statistics.js";
import { boxAround, pixelOf, valueAt } from "./subject.js";
import { commonPower, fixed, powerOfTen, quantity, unitName } from "./words.js";

/** @typedef {import("./sheet.js").Sheet} Sheet */

const BOX = 5;
const HEAD = 18;

/**
 * The pixels as a table, y upwards; the pixel itself is framed, brighter ones are tinted more.
 * @param {Sheet} sheet @param {Float32Array} box @param {{x: number, y: number}} first FITS pixel
 * @param {string} unit
 */
function draw({ pen, width, height, ink }, box, first, unit) {
  const { min, max } = describe(box);
  const power = commonPower(Math.max(Math.abs(min), Math.abs(max)));
  const unitHead = 10 ** power;
  const largest = Math.max(Math.abs(min), Math.abs(max)) / unitHead;
  const decimals = Math.max(0, 3 - Math.max(0, Math.floor(Math.log10(largest || 1))));
  const left = pen.measureText(String(first.y)).width + 14;
  const [cellWidth, cellHeight] = [(width - left - 8) / BOX, (height - 2 * HEAD - 4) / BOX];
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  box.forEach((value, i) => {
    const [column, row] = [i % BOX, BOX - 1 - Math.floor(i / BOX)];
    const [x, y] = [left + column * cellWidth, 4 + row * cellHeight];
    pen.fillStyle = ink.pair[0];
    pen.globalAlpha = max > min && !Number.isNaN(value) ? (0.4 * (value - min)) / (max - min) : 0;
    pen.fillRect(x + 1, y + 1, cellWidth - 2, cellHeight - 2);
    pen.globalAlpha = 1;
    pen.fillStyle = Number.isNaN(value) ? ink.quiet : ink.text;
    const words = Number.isNaN(value) ? "no data" : fixed(value / unitHead, decimals);
    pen.fillText(words, x + cellWidth / 2, y + cellHeight / 2, cellWidth - 4);
  });
  pen.fillStyle = ink.quiet;
  for (let i = 0; i < BOX; i += 1) {
    pen.fillText(String(first.x + i), left + (i + 0.5) * cellWidth, height - 1.5 * HEAD + 2);
    pen.fillText(String(first.y + BOX - 1 - i), left / 2, 4 + (i + 0.5) * cellHeight);
  }
  const scale = [powerOfTen(power), unit].filter(Boolean).join(" ");
  const words = scale ? `FITS px; values ${scale}` : "FITS px";
  pen.fillText(words, left + (BOX / 2) * cellWidth, height - HEAD / 2);
  pen.strokeStyle = ink.pair[0];
  pen.lineWidth = 1.5;
  pen.strokeRect(left + 2 * cellWidth + 1, 4 + 2 * cellHeight + 1, cellWidth - 2, cellHeight - 2);
}

/** @type {import("./examined.js").Examiner} */
export function examineCoordinates(subject) {
  const { x, y } = pixelOf(subject);
  const { xPix, yPix, sky, unit } = subject;
  const value = valueAt(subject, x, y);
  const corner = onMosaic(subject, x - 2, y - 2);
  const first = { x: Math.round(corner.x), y: Math.round(corner.y) };
  return {
    numbers: [
      ["x", `${fixed(xPix, 2)} px`],
      ["y", `${fixed(yPix, 2)} px`],
      ["RA, Dec", sky || "the image has no WCS"],
      ["Value", Number.isNaN(value) ? "no data" : quantity(value, unit)],
    ],
    notes: [],
    curve: null,
    paint: (sheet) => draw(sheet, boxAround(subject, x, y, BOX), first, unitName(unit)),
  };
}
