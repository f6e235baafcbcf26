// @ts-check
/**
 * Which part of a stamp is on view, and where its pixels lie on a picture.
 *
 * Array pixels count from 0, centres are integers, y upwards. Places on a picture are shares of
 * its side from the upper left corner, so that pictures of any size agree.
 */
import { positionIn } from "./geometry.js";

/** @typedef {{x: number, y: number}} Point */
/** @typedef {Point & {span: number}} Viewport centre in array pixels, and pixels across */

/** Pixels across at the highest zoom. */
const CLOSEST = 4;
export const STAMP_PX = 100;
/** A key's or a button's step, two to a factor of two. */
export const STEP = Math.SQRT2;

/**
 * The middle n pixels, cut as the network's stamps are, shown larger by `zoom`.
 * @param {{stamp_x: number, stamp_y: number}} item @param {number} n @param {number} zoom
 * @returns {Viewport}
 */
export function home({ stamp_x: x, stamp_y: y }, n, zoom) {
  const middle = (n - 1) / 2;
  return {
    x: x - positionIn(x, n) + middle,
    y: y - positionIn(y, n) + middle,
    span: Math.min(STAMP_PX, Math.max(CLOSEST, n / zoom)),
  };
}

/**
 * Zooms by a factor; what lies at `fixed` stays where it is.
 * @param {Viewport} viewport @param {number} factor above 1 shows less @param {Point} fixed
 * @returns {Viewport}
 */
export function zoomed({ x, y, span }, factor, fixed) {
  const wanted = Math.min(STAMP_PX, Math.max(CLOSEST, span / factor));
  const shrink = wanted / span;
  return { x: fixed.x + (x - fixed.x) * shrink, y: fixed.y + (y - fixed.y) * shrink, span: wanted };
}

/**
 * Follows a drag by shares of the picture, right and down; the centre stays on the stamp.
 * @param {Viewport} viewport @param {number} right @param {number} down
 * @returns {Viewport}
 */
export function panned({ x, y, span }, right, down) {
  return centred({ x: x - right * span, y: y + down * span, span }, null);
}

/**
 * Brings a point to the middle, or the middle back onto the stamp.
 * @param {Viewport} viewport @param {Point | null} point
 * @returns {Viewport}
 */
export function centred({ x, y, span }, point) {
  /** @param {number} place */
  const onto = (place) => Math.min(STAMP_PX - 1, Math.max(0, place));
  return { x: onto(point?.x ?? x), y: onto(point?.y ?? y), span };
}

/**
 * Where an array pixel's centre lies on the picture.
 * @param {Viewport} viewport @param {Point} point @returns {Point} shares, y downwards
 */
export function shareOf({ x, y, span }, point) {
  return { x: (point.x - x) / span + 0.5, y: 0.5 - (point.y - y) / span };
}

/**
 * The array pixel, as a fraction, at a place of the picture.
 * @param {Viewport} viewport @param {Point} share @returns {Point}
 */
export function pointAt({ x, y, span }, share) {
  return { x: x + (share.x - 0.5) * span, y: y + (0.5 - share.y) * span };
}

/** @param {Point} point @returns {number | null} its pixel's index in a stamp, if it is on one */
export function indexOf({ x, y }) {
  const [column, row] = [Math.round(x), Math.round(y)];
  const inside = [column, row].every((place) => place >= 0 && place < STAMP_PX);
  return inside ? row * STAMP_PX + column : null;
}
