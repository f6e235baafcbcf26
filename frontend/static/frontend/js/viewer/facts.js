// @ts-check
/** A candidate's catalogue facts as text. */
import { formatFixed } from "../lib/numbers.js";
import { formatDec, formatRa } from "./coordinates.js";

/** @typedef {import("./load.js").Item} Item */
/** @typedef {import("./load.js").Band} Band */

/** Format a magnitude with its error. @param {Band} band @returns {string} */
export function formatMagnitude({ mag, mag_err: error }) {
  if (mag === null) return "no magnitude";
  return error === null ? mag.toFixed(2) : `${mag.toFixed(2)} ± ${error.toFixed(2)}`;
}

/** Format a colour index. @param {Band[]} bands @param {string} blue @param {string} red */
function formatColour(bands, blue, red) {
  const [a, b] = [blue, red].map((name) => bands.find(({ band }) => band === name)?.mag ?? null);
  return a === null || b === null ? "–" : formatFixed(a - b, 2);
}

/** Format a position on the mosaic, if there is one. @param {Item} item @returns {string} */
function formatPixel({ x_pix: x, y_pix: y }) {
  return x === null || y === null ? "–" : `${x.toFixed(1)}, ${y.toFixed(1)}`;
}

/**
 * Return label and value of each fact, in the order of the page.
 * @param {Item} item @returns {[string, string][]}
 */
export function factsOf(item) {
  return [
    ["RA", item.ra_deg === null ? "–" : formatRa(item.ra_deg)],
    ["Dec", item.dec_deg === null ? "–" : formatDec(item.dec_deg)],
    ["x, y", formatPixel(item)],
    ["CI", item.ci === null ? "–" : `${item.ci.toFixed(2)} mag`],
    ["U − B", formatColour(item.bands, "U", "B")],
    ["B − V", formatColour(item.bands, "B", "V")],
    ["V − I", formatColour(item.bands, "V", "I")],
    ["Distance", item.distance_mpc === null ? "–" : `${item.distance_mpc} Mpc`],
  ];
}
