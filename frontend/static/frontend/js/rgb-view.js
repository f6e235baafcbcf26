// @ts-check
/** The colour pictures: context with the candidate, scale and compass; and its enlarged centre. */
import { penOf } from "./canvas.js";
import { positionIn, scaleBar } from "./geometry.js";
import { drawCompass, drawFrame, drawScaleBar, drawTicks } from "./overlay.js";

/** @typedef {import("./load.js").Item} Item */

const CENTRE_PX = 50;

/**
 * @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture @param {Item} item
 * @param {number} view pixels that the stamps show
 */
export function drawContext(canvas, picture, item, view) {
  const { pen, side } = penOf(canvas);
  const scale = side / picture.width;
  const x = (positionIn(item.stamp_x, picture.width) + 0.5) * scale;
  const y = side - (positionIn(item.stamp_y, picture.width) + 0.5) * scale;
  pen.drawImage(picture, 0, 0, side, side);
  drawFrame(pen, x, y, view * scale);
  drawTicks(pen, x, y);
  // Without coordinates nobody knows where north is.
  if (item.north_deg !== null) drawCompass(pen, item.north_deg, item.east_left, side);
  drawBar(pen, picture.width, side, item);
}

/**
 * The middle of the context, enlarged; the same pixels as the stamps of 50 px.
 * @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture @param {Item} item
 */
export function drawCentre(canvas, picture, item) {
  const { pen, side } = penOf(canvas);
  const n = picture.width;
  const left = positionIn(item.stamp_x, n) - positionIn(item.stamp_x, CENTRE_PX);
  const bottom = positionIn(item.stamp_y, n) - positionIn(item.stamp_y, CENTRE_PX);
  const top = n - CENTRE_PX - Math.round(bottom);
  pen.drawImage(picture, Math.round(left), top, CENTRE_PX, CENTRE_PX, 0, 0, side, side);
  drawBar(pen, CENTRE_PX, side, item);
}

/**
 * @param {CanvasRenderingContext2D} pen @param {number} width mosaic pixels across the canvas
 * @param {number} side of the canvas @param {Item} item
 */
function drawBar(pen, width, side, item) {
  const bar = scaleBar(width, item.pixel_scale_arcsec, item.distance_mpc);
  drawScaleBar(pen, (bar.px * side) / width, bar.text, side);
}

/** @param {HTMLCanvasElement} canvas */
export function wipe(canvas) {
  const { pen, side } = penOf(canvas);
  pen.clearRect(0, 0, side, side);
}
