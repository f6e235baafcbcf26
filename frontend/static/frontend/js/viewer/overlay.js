// @ts-check
/** Marks over an image; positions in CSS pixels of the canvas, y downwards. */
import { compass } from "./geometry.js";

const COLOUR = "#ffd75e";
const SECOND_COLOUR = "#8fd6ff";
const HALO = "rgb(0 0 0 / 70%)";
const GAP = 9;
const TICK = 11;
const ARM = 20;
const MARGIN = 9;

/**
 * Stroke a path twice, so that it is visible on black and on white.
 * @param {CanvasRenderingContext2D} context @param {() => void} path @param {string} [colour]
 */
function stroke(context, path, colour = COLOUR) {
  for (const [style, width] of /** @type {const} */ ([[HALO, 3.5], [colour, 1.5]])) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    path();
    context.stroke();
  }
}

/**
 * Write text with a dark outline.
 * @param {CanvasRenderingContext2D} context @param {string} text @param {number} x @param {number} y
 * @param {CanvasTextAlign} [align]
 */
function drawText(context, text, x, y, align = "center") {
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = align;
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.strokeStyle = HALO;
  context.strokeText(text, x, y);
  context.fillStyle = COLOUR;
  context.fillText(text, x, y);
}

/**
 * Mark the candidate by two ticks, as on a finding chart; the source itself stays free.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} [gap]
 */
export function drawTicks(context, x, y, gap = GAP) {
  stroke(context, () => {
    context.moveTo(x + gap, y);
    context.lineTo(x + gap + TICK, y);
    context.moveTo(x, y - gap);
    context.lineTo(x, y - gap - TICK);
  });
}

/**
 * Mark another source of the catalogue.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
 */
export function drawNeighbour(context, x, y) {
  stroke(context, () => context.arc(x, y, 5, 0, 2 * Math.PI), SECOND_COLOUR);
}

/**
 * Draw a crosshair at a point; the object under it stays free.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x @param {number} y @param {number} gap from the point to each arm
 * @param {number} side of the canvas
 */
export function drawCrosshair(context, x, y, gap, side) {
  stroke(context, () => {
    context.moveTo(0, y);
    context.lineTo(Math.max(0, x - gap), y);
    context.moveTo(Math.min(side, x + gap), y);
    context.lineTo(side, y);
    context.moveTo(x, 0);
    context.lineTo(x, Math.max(0, y - gap));
    context.moveTo(x, Math.min(side, y + gap));
    context.lineTo(x, side);
  }, SECOND_COLOUR);
}

/**
 * Draw a frame around the part of the image that the stamps show.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x @param {number} y centre @param {number} side
 */
export function drawFrame(context, x, y, side) {
  context.setLineDash([3, 3]);
  stroke(context, () => context.rect(x - side / 2, y - side / 2, side, side));
  context.setLineDash([]);
}

/**
 * Draw north and east in the upper right corner.
 * @param {CanvasRenderingContext2D} context
 * @param {number} northDeg @param {boolean} eastLeft @param {number} side
 */
export function drawCompass(context, northDeg, eastLeft, side) {
  const { north, east } = compass(northDeg, eastLeft);
  // The origin is shifted so that both arms and letters stay within the image.
  const reach = ARM + 14;
  const x = side - MARGIN - Math.max(0, (north[0] + east[0]) * reach, north[0] * reach, east[0] * reach);
  const y = MARGIN + Math.max(0, (north[1] + east[1]) * reach, north[1] * reach, east[1] * reach);
  for (const [[dx, dy], name] of /** @type {const} */ ([[north, "N"], [east, "E"]])) {
    stroke(context, () => {
      context.moveTo(x, y);
      context.lineTo(x + dx * ARM, y - dy * ARM);
    });
    drawText(context, name, x + dx * (ARM + 8), y - dy * (ARM + 8));
  }
}

/**
 * Draw a scale bar in the lower left corner.
 * @param {CanvasRenderingContext2D} context
 * @param {number} length CSS pixels @param {string} text @param {number} side
 */
export function drawScaleBar(context, length, text, side) {
  const y = side - MARGIN;
  stroke(context, () => {
    context.moveTo(MARGIN, y - 4);
    context.lineTo(MARGIN, y);
    context.lineTo(MARGIN + length, y);
    context.lineTo(MARGIN + length, y - 4);
  });
  drawText(context, text, MARGIN, y - 13, "left");
}
