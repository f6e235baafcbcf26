// @ts-check
/** Marks over a stamp: candidate, crosshair, compass and scale bar. */
import { drawCompass, drawCrosshair, drawScaleBar, drawTicks } from "./overlay.js";
import { imagePosition } from "./viewport.js";

/** @typedef {import("./viewport.js").Point} Point */
/**
 * Points in array pixels of the stamp; the length of the scale bar in the same pixels.
 * @typedef {{candidate: Point, crosshair: Point | null,
 *   north: {deg: number, eastLeft: boolean} | null, bar: {px: number, text: string} | null}} Marks
 */

/** Distance of the ticks from the candidate, in pixels of the stamp. */
const TICK_GAP_PX = 6.5;
/** Distance of the crosshair's arms from the pointer, in pixels of the stamp: imexamine's radius. */
const CROSSHAIR_GAP_PX = 5;
/** At high zoom some of the arms stays visible: their distance as a part of the canvas, at most. */
const MAX_GAP = 0.3;

/**
 * Draw the marks on an image of a viewport.
 * @param {CanvasRenderingContext2D} context @param {number} side of the canvas
 * @param {import("./viewport.js").Viewport} viewport @param {Marks} marks
 */
export function drawMarks(context, side, viewport, { candidate, crosshair, north, bar }) {
  const position = imagePosition(viewport, candidate);
  drawTicks(context, position.x * side, position.y * side, (TICK_GAP_PX * side) / viewport.span);
  if (crosshair) {
    const { x, y } = imagePosition(viewport, crosshair);
    const gap = Math.min(CROSSHAIR_GAP_PX / viewport.span, MAX_GAP);
    drawCrosshair(context, x * side, y * side, gap * side, side);
  }
  if (north) drawCompass(context, north.deg, north.eastLeft, side);
  if (bar) drawScaleBar(context, (bar.px * side) / viewport.span, bar.text, side);
}
