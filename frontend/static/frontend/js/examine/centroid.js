// @ts-check
/**
 * imexamine's centring: the centroid of the marginal distributions above their mean, in an
 * 11 × 11 px box that follows it (IRAF images.tv.imexamine, ie_center). IRAF stops after three
 * iterations; here the box moves until it stays.
 */
import { RADIUS } from "./background.js";
import { valueAt } from "./target.js";

/** @typedef {import("./target.js").Stamp} Stamp */

const MAX_ITERATIONS = 10;

/**
 * Return the centroid in the box around a pixel.
 * @param {Stamp} stamp @param {number} x @param {number} y integers
 * @returns {{x: number, y: number}} NaN if nothing is above the mean
 */
function boxCentroid(stamp, x, y) {
  const size = 2 * RADIUS + 1;
  const columns = { sum: new Float64Array(size), n: new Float64Array(size) };
  const rows = { sum: new Float64Array(size), n: new Float64Array(size) };
  let [total, count] = [0, 0];
  for (let j = 0; j < size; j += 1) {
    for (let i = 0; i < size; i += 1) {
      const value = valueAt(stamp, x - RADIUS + i, y - RADIUS + j);
      if (Number.isNaN(value)) continue;
      columns.sum[i] += value;
      columns.n[i] += 1;
      rows.sum[j] += value;
      rows.n[j] += 1;
      total += value;
      count += 1;
    }
  }
  const mean = total / count;
  /** @param {{sum: Float64Array, n: Float64Array}} marginal */
  const offset = ({ sum, n }) => {
    let [moment, weight] = [0, 0];
    sum.forEach((value, i) => {
      const above = Math.max(0, value - mean * n[i]);
      moment += i * above;
      weight += above;
    });
    // In a constant image rounding errors remain.
    return weight > 1e-9 * Math.abs(total) ? moment / weight - RADIUS : NaN;
  };
  return { x: x + offset(columns), y: y + offset(rows) };
}

/** @param {{x: number, y: number}} point @returns {{x: number, y: number}} pixel that holds it */
const roundPoint = ({ x, y }) => ({ x: Math.floor(x + 0.5), y: Math.floor(y + 0.5) });

/**
 * Return the centre of the source near a position, or null if there is none within 5 px.
 * @param {Stamp} stamp @param {number} x @param {number} y
 * @returns {{x: number, y: number} | null} array pixels
 */
export function centroid(stamp, x, y) {
  let box = roundPoint({ x, y });
  let centre = { x: NaN, y: NaN };
  for (let i = 0; i < MAX_ITERATIONS; i += 1) {
    centre = boxCentroid(stamp, box.x, box.y);
    if (!(Math.hypot(centre.x - x, centre.y - y) <= RADIUS)) return null;
    const next = roundPoint(centre);
    if (next.x === box.x && next.y === box.y) break;
    box = next;
  }
  const pixel = roundPoint(centre);
  return Number.isNaN(valueAt(stamp, pixel.x, pixel.y)) ? null : centre;
}
