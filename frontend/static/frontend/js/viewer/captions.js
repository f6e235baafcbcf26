// @ts-check
/** The words around a stamp: its filter, its magnitude, the value under the pointer. */
import { element, text } from "../lib/dom.js";
import { formatDec, formatMagnitude, formatRa } from "./facts.js";
import { skyAt } from "./geometry.js";

/** @typedef {import("./load.js").Band} Band */
/** @typedef {import("./load.js").Item} Item */
/** @typedef {import("./viewport.js").Point} Point */

/** @param {Element} figure @param {Band} band */
export function caption(figure, band) {
  const magnitude = formatMagnitude(band);
  const missing = `Not observed in ${band.filter || band.band}`;
  text(figure, ".band", band.band);
  text(figure, ".filter", band.filter);
  text(figure, ".mag", magnitude);
  text(figure, ".note", band.observed ? "" : missing);
  const name = `${band.band} stamp, ${band.filter}, ${band.observed ? magnitude : missing}`;
  element(figure, "canvas", HTMLCanvasElement).setAttribute("aria-label", name);
}

/** @param {number | undefined} value in the image's unit; undefined off the stamp @returns {string} */
export function reading(value) {
  if (value === undefined) return "";
  return Number.isNaN(value) ? "no data" : value.toPrecision(4);
}

/**
 * The FITS pixel on the mosaic, from 1, of a point of the stamp.
 * @param {Item} item @param {Point} point
 */
export function mosaicPixel(item, { x, y }) {
  return { x: item.x_pix + x - item.stamp_x, y: item.y_pix + y - item.stamp_y };
}

/** @param {Item} item @param {Point} point @returns {string} right ascension and declination, if known */
export function skyText(item, point) {
  const sky = skyAt(item, point.x - item.stamp_x, point.y - item.stamp_y);
  return sky ? `${formatRa(sky.ra)} ${formatDec(sky.dec)}` : "";
}

/** @param {Item} item @param {Point} point @returns {string} pixel and sky */
export function placeText(item, point) {
  const { x, y } = mosaicPixel(item, point);
  return `x ${x.toFixed(1)}  y ${y.toFixed(1)}  ${skyText(item, point)}`.trimEnd();
}
