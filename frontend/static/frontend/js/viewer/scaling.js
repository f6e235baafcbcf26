// @ts-check
/** Which grey each pixel of a candidate's stamps gets, by the settings of the display. */
import { centreCut } from "./geometry.js";
import { limitsOf } from "./limits.js";
import { scaleOf } from "./settings.js";
import { levelsOf } from "./stretch.js";

/** @typedef {import("./limits.js").Limits} Limits */
/** @typedef {import("./settings.js").Display} Display */

/** @param {Float32Array[]} cuts */
function joined(cuts) {
  const all = new Float32Array(cuts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const cut of cuts) {
    all.set(cut, offset);
    offset += cut.length;
  }
  return all;
}

/**
 * Limits and grey levels of each filter. The pixels of the chosen view decide, of one filter or of
 * all; pixels beyond the view are shown by the same rule.
 * @param {Float32Array[]} planes a stamp a filter, row 0 lowest @param {number} side of a stamp
 * @param {Display} display
 * @returns {{limits: Limits[], levels: Int16Array[]}}
 */
export function scaled(planes, side, display) {
  const cuts = planes.map((plane) => centreCut(plane, side, display.view));
  const all = display.together ? joined(cuts) : null;
  const limits = cuts.map((cut, band) => {
    const scale = scaleOf(display, band);
    return limitsOf(all ?? cut, scale.limits, scale);
  });
  const levels = planes.map((plane, band) => (
    levelsOf(plane, limits[band], scaleOf(display, band).stretch, all ?? cuts[band])
  ));
  return { limits, levels };
}
