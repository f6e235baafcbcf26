// @ts-check
/** What comes of examining a place in one way, ready to be shown. */

/**
 * @typedef {object} Examined
 * @property {Array<[string, string]>} numbers names and values, what matters most first
 * @property {string[]} notes what the numbers do not say: missing data, a fit that failed
 * @property {import("./strokes.js").Curve | null} curve to be drawn over another filter's
 * @property {((sheet: import("./sheet.js").Sheet) => void) | null} paint any other plot
 */

/** @typedef {(subject: import("./subject.js").Subject) => Examined} Examiner */

/** @param {string} why @returns {Examined} nothing could be measured */
export function nothing(why) {
  return { numbers: [], notes: [why], curve: null, paint: null };
}

/**
 * The mosaic's pixel, counted from 1, of a pixel of the stamp.
 * @param {import("./subject.js").Subject} subject @param {number} x @param {number} y array pixels
 * @returns {{x: number, y: number}}
 */
export function onMosaic(subject, x, y) {
  return { x: subject.xPix + x - subject.x, y: subject.yPix + y - subject.y };
}
