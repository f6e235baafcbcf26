// @ts-check
/** Sums over values that are finite; in the values' own unit. */

/** @param {ArrayLike<number>} values @returns {Float64Array} the finite ones, ascending */
export function sorted(values) {
  return Float64Array.from(values).filter(Number.isFinite).sort();
}

/** @param {Float64Array} ascending @returns {number} NaN where there is none */
export function medianOf(ascending) {
  const middle = ascending.length >> 1;
  if (ascending.length % 2) return ascending[middle];
  return ascending.length ? (ascending[middle - 1] + ascending[middle]) / 2 : NaN;
}

/** @param {Float64Array} values @param {number} mean @returns {number} their squared distances */
const squares = (values, mean) => values.reduce((sum, value) => sum + (value - mean) ** 2, 0);

/**
 * @typedef {object} Description
 * @property {number} n values that are finite
 * @property {number} missing number of those that are not
 * @property {number} mean
 * @property {number} median
 * @property {number} sigma standard deviation with n - 1, as IRAF's imstatistics; NaN under two
 * @property {number} min
 * @property {number} max
 */

/** @param {ArrayLike<number>} values @returns {Description} NaN where there are no values */
export function describe(values) {
  const good = sorted(values);
  const n = good.length;
  const mean = n ? good.reduce((sum, value) => sum + value, 0) / n : NaN;
  const sigma = n > 1 ? Math.sqrt(squares(good, mean) / (n - 1)) : NaN;
  const [min, max] = n ? [good[0], good[n - 1]] : [NaN, NaN];
  return { n, missing: values.length - n, mean, median: medianOf(good), sigma, min, max };
}

/**
 * Median and scatter without outliers, as astropy.stats.sigma_clip's defaults: 3 sigma about the
 * median, five times at most.
 * @param {ArrayLike<number>} values
 * @returns {{n: number, median: number, sigma: number}} sigma with n; NaN where there are no values
 */
export function clipped(values) {
  let good = sorted(values);
  for (let round = 0; ; round += 1) {
    const n = good.length;
    const median = medianOf(good);
    const mean = good.reduce((sum, value) => sum + value, 0) / n;
    const sigma = Math.sqrt(squares(good, mean) / n);
    const kept = good.filter((value) => Math.abs(value - median) <= 3 * sigma);
    if (round === 5 || kept.length === n) return { n, median, sigma };
    good = kept;
  }
}

/**
 * How many values fall into each of the equal bins from `low` to `high`, both included.
 * @param {Float64Array} values finite @param {number} low @param {number} high @param {number} bins
 * @returns {number[]}
 */
export function histogram(values, low, high, bins) {
  const counts = Array(bins).fill(0);
  for (const value of values) {
    if (value < low || value > high) continue;
    const bin = high > low ? Math.floor((bins * (value - low)) / (high - low)) : 0;
    counts[Math.min(bin, bins - 1)] += 1;
  }
  return counts;
}
