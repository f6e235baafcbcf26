// @ts-check
/** Marks over a picture; positions in CSS pixels of the canvas, y downwards. */
import { compass } from "./geometry.js";

/** @typedef {CanvasRenderingContext2D} Pen */

const INK = "#ffd75e";
const OTHER_INK = "#8fd6ff";
const HALO = "rgb(0 0 0 / 70%)";
const GAP = 9;
const TICK = 11;
const ARM = 20;
const MARGIN = 9;

/**
 * Strokes the path twice, so that it shows on black and on white.
 * @param {Pen} pen @param {() => void} path @param {string} [ink]
 */
function stroke(pen, path, ink = INK) {
  for (const [style, width] of /** @type {const} */ ([[HALO, 3.5], [ink, 1.5]])) {
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.beginPath();
    path();
    pen.stroke();
  }
}

/**
 * @param {Pen} pen @param {string} text @param {number} x @param {number} y
 * @param {CanvasTextAlign} [align]
 */
function write(pen, text, x, y, align = "center") {
  pen.font = "600 11px system-ui, sans-serif";
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.strokeStyle = HALO;
  pen.strokeText(text, x, y);
  pen.fillStyle = INK;
  pen.fillText(text, x, y);
}

/**
 * The candidate between two ticks, as on a finding chart: the source itself stays free.
 * @param {Pen} pen @param {number} x @param {number} y @param {number} [gap]
 */
export function drawTicks(pen, x, y, gap = GAP) {
  stroke(pen, () => {
    pen.moveTo(x + gap, y);
    pen.lineTo(x + gap + TICK, y);
    pen.moveTo(x, y - gap);
    pen.lineTo(x, y - gap - TICK);
  });
}

/**
 * Another source of the catalogue.
 * @param {Pen} pen @param {number} x @param {number} y
 */
export function drawNeighbour(pen, x, y) {
  stroke(pen, () => pen.arc(x, y, 5, 0, 2 * Math.PI), OTHER_INK);
}

/**
 * Hairlines through a point; the pixel itself stays free.
 * @param {Pen} pen @param {number} x @param {number} y @param {number} side of the canvas
 */
export function drawCross(pen, x, y, side) {
  const free = GAP / 2;
  stroke(pen, () => {
    pen.moveTo(0, y);
    pen.lineTo(x - free, y);
    pen.moveTo(x + free, y);
    pen.lineTo(side, y);
    pen.moveTo(x, 0);
    pen.lineTo(x, y - free);
    pen.moveTo(x, y + free);
    pen.lineTo(x, side);
  }, OTHER_INK);
}

/**
 * The part of the picture that the stamps show.
 * @param {Pen} pen @param {number} x @param {number} y centre @param {number} side
 */
export function drawFrame(pen, x, y, side) {
  pen.setLineDash([3, 3]);
  stroke(pen, () => pen.rect(x - side / 2, y - side / 2, side, side));
  pen.setLineDash([]);
}

/**
 * North and east in the upper right corner.
 * @param {Pen} pen @param {number} northDeg @param {boolean} eastLeft @param {number} side
 */
export function drawCompass(pen, northDeg, eastLeft, side) {
  const { north, east } = compass(northDeg, eastLeft);
  // The corner of the L sits so that both arms and letters stay within the picture.
  const reach = ARM + 14;
  const x = side - MARGIN - Math.max(0, (north[0] + east[0]) * reach, north[0] * reach, east[0] * reach);
  const y = MARGIN + Math.max(0, (north[1] + east[1]) * reach, north[1] * reach, east[1] * reach);
  for (const [[dx, dy], name] of /** @type {const} */ ([[north, "N"], [east, "E"]])) {
    stroke(pen, () => {
      pen.moveTo(x, y);
      pen.lineTo(x + dx * ARM, y - dy * ARM);
    });
    write(pen, name, x + dx * (ARM + 8), y - dy * (ARM + 8));
  }
}

/**
 * A bar of known length in the lower left corner.
 * @param {Pen} pen @param {number} length CSS pixels @param {string} text @param {number} side
 */
export function drawScaleBar(pen, length, text, side) {
  const y = side - MARGIN;
  stroke(pen, () => {
    pen.moveTo(MARGIN, y - 4);
    pen.lineTo(MARGIN, y);
    pen.lineTo(MARGIN + length, y);
    pen.lineTo(MARGIN + length, y - 4);
  });
  write(pen, text, MARGIN, y - 13, "left");
}
