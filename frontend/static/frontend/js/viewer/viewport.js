// @ts-check
/**
 * The visible region of a stamp, and the conversion between array pixels and image positions.
 *
 * Array pixels count from 0, pixel centres are integers, y grows upwards. Image positions are
 * fractions of the side from the upper left corner, so that they hold for images of any size.
 */
import { positionInStamp } from "./geometry.js";
import { STAMP_PX } from "./stamp.js";

/** @typedef {{x: number, y: number}} Point */
/** @typedef {Point & {span: number}} Viewport centre in array pixels, and pixels across */

/** Pixels across at the highest zoom. */
const MIN_SPAN = 4;
/** Zoom factor of a key: two presses double the scale. */
export const ZOOM_STEP = Math.SQRT2;

/** @param {number} span */
const clampSpan = (span) => Math.min(STAMP_PX, Math.max(MIN_SPAN, span));

/**
 * Return the viewport of the central n × n pixels, cut as the network's stamps are, at a zoom.
 * @param {{stamp_x: number, stamp_y: number}} item @param {number} n @param {number} zoom
 * @returns {Viewport}
 */
export function homeViewport({ stamp_x: x, stamp_y: y }, n, zoom) {
  const middle = (n - 1) / 2;
  return {
    x: x - positionInStamp(x, n) + middle,
    y: y - positionInStamp(y, n) + middle,
    span: clampSpan(n / zoom),
  };
}

/**
 * Zoom by a factor about a point, which keeps its position on the image.
 * @param {Viewport} viewport @param {number} factor above 1 zooms in @param {Point} fixed
 * @returns {Viewport}
 */
export function zoom({ x, y, span }, factor, fixed) {
  const newSpan = clampSpan(span / factor);
  const ratio = newSpan / span;
  return { x: fixed.x + (x - fixed.x) * ratio, y: fixed.y + (y - fixed.y) * ratio, span: newSpan };
}

/**
 * Move the image by fractions of its side; the centre stays on the stamp.
 * @param {Viewport} viewport @param {number} right @param {number} down
 * @returns {Viewport}
 */
export function pan({ x, y, span }, right, down) {
  return centre({ x, y, span }, { x: x - right * span, y: y + down * span });
}

/**
 * Centre the viewport on a point, limited to the stamp.
 * @param {Viewport} viewport @param {Point} point
 * @returns {Viewport}
 */
export function centre({ span }, { x, y }) {
  /** @param {number} coordinate */
  const clamp = (coordinate) => Math.min(STAMP_PX - 1, Math.max(0, coordinate));
  return { x: clamp(x), y: clamp(y), span };
}

/**
 * Return the image position of a point in array pixels.
 * @param {Viewport} viewport @param {Point} point @returns {Point} fractions, y downwards
 */
export function imagePosition({ x, y, span }, point) {
  return { x: (point.x - x) / span + 0.5, y: 0.5 - (point.y - y) / span };
}

/**
 * Return the point in array pixels at an image position.
 * @param {Viewport} viewport @param {Point} position fractions, y downwards @returns {Point}
 */
export function arrayPosition({ x, y, span }, position) {
  return { x: x + (position.x - 0.5) * span, y: y + (0.5 - position.y) * span };
}

/**
 * Return the index in a stamp's array of the pixel that holds a point, or null beyond the stamp.
 * @param {Point} point @returns {number | null}
 */
export function pixelIndex({ x, y }) {
  const [column, row] = [Math.round(x), Math.round(y)];
  const inside = [column, row].every((coordinate) => coordinate >= 0 && coordinate < STAMP_PX);
  return inside ? row * STAMP_PX + column : null;
}
