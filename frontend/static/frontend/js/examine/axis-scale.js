// @ts-check
/** Scales of plot axes: ticks at round numbers, and the position of a value. */
import { formatFixed } from "../lib/numbers.js";
import { commonPower } from "./format.js";

/**
 * @typedef {object} AxisScale
 * @property {number} low @property {number} high
 * @property {Array<{value: number, text: string}>} ticks
 * @property {number} power of ten that is left out of every text
 * @property {(value: number) => number} position 0 at `low`, 1 at `high`
 */

/** @param {number} rough @returns {number} 1, 2 or 5 times a power of ten, not below */
function roundUp(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((step) => step * power >= rough * (1 - 1e-9)) ?? 10);
}

/**
 * Return a linear scale from `low` to `high`; equal or infinite ends are moved apart.
 * @param {number} low @param {number} high @param {number} count of ticks, about, at most
 * @returns {AxisScale}
 */
export function linearScale(low, high, count) {
  if (!(high > low)) {
    const middle = Number.isFinite(low) ? low : 0;
    const margin = Math.abs(middle) * 0.1 || 1;
    [low, high] = [middle - margin, middle + margin];
  }
  const step = roundUp((high - low) / count);
  const power = commonPower(Math.max(Math.abs(low), Math.abs(high)));
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) + power - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return { value, text: formatFixed(value / 10 ** power, decimals) };
  });
  return { low, high, ticks, power, position: (value) => (value - low) / (high - low) };
}

/**
 * Return a logarithmic scale for counts from 1; zero is drawn on the axis.
 * @param {number} max
 * @returns {AxisScale}
 */
export function logarithmicScale(max) {
  const low = 0.8;
  const high = Math.max(max * 1.3, 10);
  const ticks = Array.from({ length: Math.floor(Math.log10(high)) + 1 }, (_, i) => (
    { value: 10 ** i, text: String(10 ** i) }
  ));
  const range = Math.log(high / low);
  return {
    low, high, ticks, power: 0, position: (value) => Math.max(0, Math.log(value / low) / range),
  };
}
