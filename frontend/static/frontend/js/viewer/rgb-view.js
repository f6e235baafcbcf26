// @ts-check
/** The colour pictures: context with the candidate, its neighbours, scale and compass; and the centre. */
import { penOf } from "./canvas.js";
import { positionIn, scaleBar } from "./geometry.js";
import { drawCompass, drawFrame, drawNeighbour, drawScaleBar, drawTicks } from "./overlay.js";
import { drawMarks } from "./stamp-view.js";
import { shareOf } from "./viewport.js";

/** @typedef {import("./load.js").Loaded} Loaded */
/** @typedef {import("./viewport.js").Point} Point */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/**
 * The whole picture as a viewport on the stamp, in the stamp's array pixels.
 * @param {Loaded} loaded @param {ImageBitmap} picture @returns {Viewport}
 */
function wholeOf({ item: { stamp_x: x, stamp_y: y } }, { width }) {
  const middle = (width - 1) / 2;
  return { x: x - positionIn(x, width) + middle, y: y - positionIn(y, width) + middle, span: width };
}

/**
 * @param {HTMLCanvasElement} canvas @param {Loaded} loaded
 * @param {Viewport} viewport what the stamps show @param {boolean} neighbours whether to mark them
 */
export function drawContext(canvas, loaded, viewport, neighbours) {
  const { pen, side } = penOf(canvas);
  pen.clearRect(0, 0, side, side);
  const { rgb, item } = loaded;
  if (!rgb) return;
  const whole = wholeOf(loaded, rgb);
  /** @param {Point} point @returns {[number, number]} CSS pixels */
  const place = (point) => {
    const share = shareOf(whole, point);
    return [share.x * side, share.y * side];
  };
  pen.drawImage(rgb, 0, 0, side, side);
  for (const { dx_px: dx, dy_px: dy } of (neighbours && loaded.neighbours) || []) {
    drawNeighbour(pen, ...place({ x: item.stamp_x + dx, y: item.stamp_y + dy }));
  }
  drawFrame(pen, ...place(viewport), (viewport.span * side) / whole.span);
  drawTicks(pen, ...place({ x: item.stamp_x, y: item.stamp_y }));
  // Without coordinates nobody knows where north is.
  if (item.north_deg !== null) drawCompass(pen, item.north_deg, item.east_left, side);
  const bar = scaleBar(whole.span, item.pixel_scale_arcsec, item.distance_mpc);
  drawScaleBar(pen, (bar.px * side) / whole.span, bar.text, side);
}

/**
 * The same pixels as the stamps show, in colour.
 * @param {HTMLCanvasElement} canvas @param {Loaded} loaded @param {Viewport} viewport
 * @param {Point | null} cross
 */
export function drawCentre(canvas, loaded, viewport, cross) {
  const { pen, side } = penOf(canvas);
  pen.clearRect(0, 0, side, side);
  const { rgb, item } = loaded;
  if (!rgb) return;
  const whole = wholeOf(loaded, rgb);
  const corner = shareOf(viewport, { x: whole.x - whole.span / 2, y: whole.y + whole.span / 2 });
  const size = (rgb.width * side) / viewport.span;
  pen.drawImage(rgb, corner.x * side, corner.y * side, size, size);
  const bar = scaleBar(viewport.span, item.pixel_scale_arcsec, item.distance_mpc);
  drawMarks(pen, side, viewport, { candidate: { x: item.stamp_x, y: item.stamp_y }, cross, north: null, bar });
}

/** @param {HTMLCanvasElement} canvas */
export function wipe(canvas) {
  const { pen, side } = penOf(canvas);
  pen.clearRect(0, 0, side, side);
}
