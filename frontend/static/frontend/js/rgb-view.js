// @ts-check
/** The colour pictures: context with the candidate, scale and compass; and its enlarged centre. */
import { penOf } from "./canvas.js";
import { positionIn, scaleBar } from "./geometry.js";
import { drawCompass, drawFrame, drawScaleBar, drawTicks } from "./overlay.js";

/** @typedef {import("./load.js").Item} Item */

/**
 * Draws a square picture over the whole canvas and returns where the candidate is on it.
 * @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture @param {Item} item
 */
function lay(canvas, picture, item) {
  const { pen, side } = penOf(canvas);
  pen.clearRect(0, 0, side, side);
  pen.drawImage(picture, 0, 0, side, side);
  const scale = side / picture.width;
  const x = (positionIn(item.stamp_x, picture.width) + 0.5) * scale;
  const y = side - (positionIn(item.stamp_y, picture.width) + 0.5) * scale;
  return { pen, side, scale, x, y };
}

/**
 * @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture @param {Item} item
 * @param {number} view pixels that the stamps show
 */
export function drawContext(canvas, picture, item, view) {
  const { pen, side, scale, x, y } = lay(canvas, picture, item);
  drawFrame(pen, x, y, view * scale);
  drawTicks(pen, x, y);
  // Without coordinates nobody knows where north is.
  if (item.ra_deg !== null) drawCompass(pen, item.north_deg, item.east_left, side);
  const bar = scaleBar(picture.width, item.pixel_scale_arcsec, item.distance_mpc);
  drawScaleBar(pen, bar.px * scale, bar.text, side);
}

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture @param {Item} item */
export function drawCentre(canvas, picture, item) {
  const { pen, side, scale } = lay(canvas, picture, item);
  const bar = scaleBar(picture.width, item.pixel_scale_arcsec, item.distance_mpc);
  drawScaleBar(pen, bar.px * scale, bar.text, side);
}

/** @param {HTMLCanvasElement} canvas */
export function wipe(canvas) {
  const { pen, side } = penOf(canvas);
  pen.clearRect(0, 0, side, side);
}
