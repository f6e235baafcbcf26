// @ts-check
/** The colour images: the surroundings of the candidate, and the centre at the stamps' scale. */
import { hatchPattern, prepareCanvas } from "./canvas.js";
import { positionInStamp, scaleBar } from "./geometry.js";
import { drawMarks } from "./marks.js";
import { drawCompass, drawFrame, drawNeighbour, drawScaleBar, drawTicks } from "./overlay.js";
import { imagePosition } from "./viewport.js";

/** @typedef {import("./load.js").Candidate} Candidate */
/** @typedef {import("./viewport.js").Point} Point */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/**
 * Return the viewport of the whole colour image, in array pixels of the stamp.
 * @param {Candidate} candidate @param {ImageBitmap} image @returns {Viewport}
 */
function viewportOf({ item: { stamp_x: x, stamp_y: y } }, { width }) {
  const middle = (width - 1) / 2;
  return {
    x: x - positionInStamp(x, width) + middle,
    y: y - positionInStamp(y, width) + middle,
    span: width,
  };
}

/**
 * Draw the colour image, hatched where it has no data.
 * @param {CanvasRenderingContext2D} context @param {number} side of the canvas
 * @param {ImageBitmap} image @param {number} x @param {number} y @param {number} size
 */
function drawImage(context, side, image, x, y, size) {
  context.fillStyle = hatchPattern(context);
  context.fillRect(0, 0, side, side);
  context.drawImage(image, x, y, size, size);
}

/**
 * Draw the surroundings, with the candidate, its neighbours and the region that the stamps show.
 * @param {HTMLCanvasElement} canvas @param {Candidate} candidate
 * @param {Viewport} viewport of the stamps @param {boolean} showNeighbours
 */
export function drawSurroundings(canvas, candidate, viewport, showNeighbours) {
  const { context, side } = prepareCanvas(canvas);
  context.clearRect(0, 0, side, side);
  const { rgb, item } = candidate;
  if (!rgb) return;
  const whole = viewportOf(candidate, rgb);
  /** @param {Point} point @returns {[number, number]} CSS pixels */
  const onCanvas = (point) => {
    const { x, y } = imagePosition(whole, point);
    return [x * side, y * side];
  };
  drawImage(context, side, rgb, 0, 0, side);
  for (const { dx_px: dx, dy_px: dy } of (showNeighbours && candidate.neighbours) || []) {
    drawNeighbour(context, ...onCanvas({ x: item.stamp_x + dx, y: item.stamp_y + dy }));
  }
  drawFrame(context, ...onCanvas(viewport), (viewport.span * side) / whole.span);
  drawTicks(context, ...onCanvas({ x: item.stamp_x, y: item.stamp_y }));
  // Without a WCS north is not known.
  if (item.north_deg !== null) drawCompass(context, item.north_deg, item.east_left, side);
  const bar = scaleBar(whole.span, item.pixel_scale_arcsec, item.distance_mpc);
  drawScaleBar(context, (bar.px * side) / whole.span, bar.text, side);
}

/**
 * Draw the region that the stamps show, in colour.
 * @param {HTMLCanvasElement} canvas @param {Candidate} candidate @param {Viewport} viewport
 * @param {Point | null} crosshair
 */
export function drawColourCentre(canvas, candidate, viewport, crosshair) {
  const { context, side } = prepareCanvas(canvas);
  context.clearRect(0, 0, side, side);
  const { rgb, item } = candidate;
  if (!rgb) return;
  const whole = viewportOf(candidate, rgb);
  const upperLeft = { x: whole.x - whole.span / 2, y: whole.y + whole.span / 2 };
  const corner = imagePosition(viewport, upperLeft);
  const size = (rgb.width * side) / viewport.span;
  drawImage(context, side, rgb, corner.x * side, corner.y * side, size);
  const bar = scaleBar(viewport.span, item.pixel_scale_arcsec, item.distance_mpc);
  const position = { x: item.stamp_x, y: item.stamp_y };
  drawMarks(context, side, viewport, { candidate: position, crosshair, north: null, bar });
}
