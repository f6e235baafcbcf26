// @ts-check
/**
 * imexamine's centring: the centre of gravity of the marginal distributions above their mean, in
 * an 11 × 11 px box that follows it (IRAF images.tv.imexamine, ie_center). IRAF stops after three
 * rounds; here the box moves until it stays.
 */
import { RADIUS } from "./background.js";
import { valueAt } from "./subject.js";

/** @typedef {import("./subject.js").Stamp} Stamp */

const ROUNDS = 10;

/**
 * One round, in the box around the pixel.
 * @param {Stamp} stamp @param {number} x @param {number} y integers
 * @returns {{x: number, y: number}} NaN where nothing stands above the mean
 */
function gravity(stamp, x, y) {
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
  const centre = ({ sum, n }) => {
    let [moment, weight] = [0, 0];
    sum.forEach((value, i) => {
      const above = Math.max(0, value - mean * n[i]);
      moment += i * above;
      weight += above;
    });
    // A constant image leaves only what rounding leaves.
    return weight > 1e-9 * Math.abs(total) ? moment / weight - RADIUS : NaN;
  };
  return { x: x + centre(columns), y: y + centre(rows) };
}

/**
 * The centre of the source near a place; null where none is found within 5 px.
 * @param {Stamp} stamp @param {number} x @param {number} y
 * @returns {{x: number, y: number} | null} array pixels
 */
export function centroid(stamp, x, y) {
  let box = { x: Math.floor(x + 0.5), y: Math.floor(y + 0.5) };
  let found = { x: NaN, y: NaN };
  for (let round = 0; round < ROUNDS; round += 1) {
    found = gravity(stamp, box.x, box.y);
    if (!(Math.hypot(found.x - x, found.y - y) <= RADIUS)) return null;
    const next = { x: Math.floor(found.x + 0.5), y: Math.floor(found.y + 0.5) };
    if (next.x === box.x && next.y === box.y) break;
    box = next;
  }
  const value = valueAt(stamp, Math.floor(found.x + 0.5), Math.floor(found.y + 0.5));
  return Number.isNaN(value) ? null : found;
}
