// @ts-check
/** Positions in the conventions of FITS and the sky, as text. */
import { skyAt } from "./geometry.js";

/** @typedef {import("./load.js").Item} Item */
/** @typedef {import("./viewport.js").Point} Point */

/** @param {number} value @param {number} digits */
const pad = (value, digits) => String(value).padStart(digits, "0");

/**
 * Return the sexagesimal text of a positive angle. The value is rounded before it is divided, so
 * that 59.9996 becomes the next minute, never "60.00".
 * @param {number} value in hours or degrees @param {number} full hours or degrees of the circle
 * @param {number} decimals of the seconds @param {[string, string, string]} units
 */
function sexagesimal(value, full, decimals, units) {
  const scale = 10 ** decimals;
  const ticks = Math.round(value * 3600 * scale) % (full * 3600 * scale);
  const whole = Math.floor(ticks / (3600 * scale));
  const minutes = Math.floor(ticks / (60 * scale)) % 60;
  const seconds = ((ticks % (60 * scale)) / scale).toFixed(decimals).padStart(3 + decimals, "0");
  return `${pad(whole, 2)}${units[0]} ${pad(minutes, 2)}${units[1]} ${seconds}${units[2]}`;
}

/** Format right ascension in hours, to 0.01 s. @param {number} degrees @returns {string} */
export function formatRa(degrees) {
  return sexagesimal((((degrees % 360) + 360) % 360) / 15, 24, 2, ["h", "m", "s"]);
}

/** Format declination in degrees, to 0.1″. @param {number} degrees @returns {string} */
export function formatDec(degrees) {
  return `${degrees < 0 ? "−" : "+"}${sexagesimal(Math.abs(degrees), 360, 1, ["°", "′", "″"])}`;
}

/**
 * Return the FITS pixel on the mosaic, counted from 1, of a point of the stamp; without a mosaic
 * that on the stamp.
 * @param {Item} item @param {Point} point
 */
export function mosaicPixel(item, { x, y }) {
  const first = { x: 1, y: 1 };
  if (item.x_pix !== null && item.y_pix !== null) {
    first.x = item.x_pix - item.stamp_x;
    first.y = item.y_pix - item.stamp_y;
  }
  return { x: first.x + x, y: first.y + y };
}

/**
 * Format the right ascension and declination of a point of the stamp; empty without a WCS.
 * @param {Item} item @param {Point} point @returns {string}
 */
export function formatSky(item, point) {
  const sky = skyAt(item, point.x - item.stamp_x, point.y - item.stamp_y);
  return sky ? `${formatRa(sky.ra)} ${formatDec(sky.dec)}` : "";
}

/**
 * Format the pixel, on the mosaic if there is one, and the sky coordinates of a point of the stamp.
 * @param {Item} item @param {Point} point @returns {string}
 */
export function formatPosition(item, point) {
  const { x, y } = mosaicPixel(item, point);
  return `x ${x.toFixed(1)}  y ${y.toFixed(1)}  ${formatSky(item, point)}`.trimEnd();
}
