// @ts-check
/** The result of examining a target in one way, ready to be shown. */

/**
 * @typedef {object} Measurement
 * @property {Array<[string, string]>} numbers names and values, the most important first
 * @property {string[]} notes about missing data, or a fit that failed
 * @property {import("./drawing.js").Curve | null} curve a plot that another filter can be drawn over
 * @property {((plot: import("./plot-canvas.js").Plot) => void) | null} paint any other plot
 */

/** @typedef {(target: import("./target.js").Target) => Measurement} Examiner */

/** Return an empty measurement with the reason. @param {string} reason @returns {Measurement} */
export function noMeasurement(reason) {
  return { numbers: [], notes: [reason], curve: null, paint: null };
}
