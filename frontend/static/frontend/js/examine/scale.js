// @ts-check
/** Round numbers along an axis, and where a value lies on it. */
import { commonPower, fixed } from "./words.js";

/**
 * @typedef {object} Scale
 * @property {number} low @property {number} high
 * @property {Array<{value: number, text: string}>} ticks
 * @property {number} power of ten that every text leaves out
 * @property {(value: number) => number} place 0 at `low`, 1 at `high`
 */

/** @param {number} rough @returns {number} 1, 2 or 5 times a power of ten, not below */
function roundUp(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((step) => step * power >= rough * (1 - 1e-9)) ?? 10);
}

/**
 * A linear scale from `low` to `high`; equal or unknown ends get room around them.
 * @param {number} low @param {number} high @param {number} count of ticks at most, about
 * @returns {Scale}
 */
export function linear(low, high, count) {
  if (!(high > low)) {
    const middle = Number.isFinite(low) ? low : 0;
    const room = Math.abs(middle) * 0.1 || 1;
    [low, high] = [middle - room, middle + room];
  }
  const step = roundUp((high - low) / count);
  const power = commonPower(Math.max(Math.abs(low), Math.abs(high)));
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) + power - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return { value, text: fixed(value / 10 ** power, decimals) };
  });
  return { low, high, ticks, power, place: (value) => (value - low) / (high - low) };
}

/**
 * A logarithmic scale for counts from 1; zero lies on the axis.
 * @param {number} high
 * @returns {Scale}
 */
export function logarithmic(high) {
  const low = 0.8;
  const top = Math.max(high * 1.3, 10);
  const ticks = Array.from({ length: Math.floor(Math.log10(top)) + 1 }, (_, i) => (
    { value: 10 ** i, text: String(10 ** i) }
  ));
  const decades = Math.log(top / low);
  return {
    low, high: top, ticks, power: 0, place: (value) => Math.max(0, Math.log(value / low) / decades),
  };
}
