// @ts-check
/** Statistics of the finite values, in the values' own unit. */

/** Return the finite values, ascending. @param {ArrayLike<number>} values @returns {Float64Array} */
export function sortFinite(values) {
  return Float64Array.from(values).filter(Number.isFinite).sort();
}

/** @param {Float64Array} ascending @returns {number} NaN where there is none */
function medianOf(ascending) {
  const middle = ascending.length >> 1;
  if (ascending.length % 2) return ascending[middle];
  return ascending.length ? (ascending[middle - 1] + ascending[middle]) / 2 : NaN;
}

/** @param {Float64Array} values @param {number} mean @returns {number} sum of squared deviations */
const sumOfSquares = (values, mean) => values.reduce((sum, value) => sum + (value - mean) ** 2, 0);

/**
 * @typedef {object} Description
 * @property {number} n number of finite values
 * @property {number} missing number of the others
 * @property {number} mean
 * @property {number} median
 * @property {number} sigma standard deviation with n - 1, as IRAF's imstatistics; NaN for n < 2
 * @property {number} min
 * @property {number} max
 */

/** Describe the values; NaN where there are none. @param {ArrayLike<number>} values @returns {Description} */
export function describe(values) {
  const finite = sortFinite(values);
  const n = finite.length;
  const mean = n ? finite.reduce((sum, value) => sum + value, 0) / n : NaN;
  const sigma = n > 1 ? Math.sqrt(sumOfSquares(finite, mean) / (n - 1)) : NaN;
  const [min, max] = n ? [finite[0], finite[n - 1]] : [NaN, NaN];
  return { n, missing: values.length - n, mean, median: medianOf(finite), sigma, min, max };
}

/**
 * Return median and standard deviation without outliers, with the defaults of
 * astropy.stats.sigma_clip: 3 sigma about the median, at most five iterations.
 * @param {ArrayLike<number>} values
 * @returns {{n: number, median: number, sigma: number}} sigma with n; NaN where there are no values
 */
export function sigmaClipped(values) {
  let kept = sortFinite(values);
  for (let i = 0; ; i += 1) {
    const n = kept.length;
    const median = medianOf(kept);
    const mean = kept.reduce((sum, value) => sum + value, 0) / n;
    const sigma = Math.sqrt(sumOfSquares(kept, mean) / n);
    const within = kept.filter((value) => Math.abs(value - median) <= 3 * sigma);
    if (i === 5 || within.length === n) return { n, median, sigma };
    kept = within;
  }
}

/**
 * Return the number of values in each of the equal bins from `low` to `high`, both included.
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
