// @ts-check
/** Limits and grey levels of a candidate's stamps, by the display settings. */
import { centreCut } from "./geometry.js";
import { limitsOf } from "./limits.js";
import { scaleOf } from "./settings.js";
import { greyLevels } from "./stretch.js";

/** @typedef {import("./limits.js").Limits} Limits */
/** @typedef {import("./settings.js").Display} Display */

/** @param {Float32Array[]} arrays */
function concatenate(arrays) {
  const result = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    result.set(array, offset);
    offset += array.length;
  }
  return result;
}

/**
 * Return limits and grey levels of each filter. They are computed from the pixels of the chosen
 * view, of each filter or of all, and applied to the whole stamp.
 * @param {Float32Array[]} planes one stamp for each filter, row 0 lowest
 * @param {number} side of a stamp @param {Display} display
 * @returns {{limits: Limits[], levels: Int16Array[]}}
 */
export function stampLevels(planes, side, display) {
  const cuts = planes.map((plane) => centreCut(plane, side, display.view));
  const all = display.together ? concatenate(cuts) : null;
  const limits = cuts.map((cut, band) => {
    const scale = scaleOf(display, band);
    return limitsOf(all ?? cut, scale.limits, scale);
  });
  const levels = planes.map((plane, band) => (
    greyLevels(plane, limits[band], scaleOf(display, band).stretch, all ?? cuts[band])
  ));
  return { limits, levels };
}
