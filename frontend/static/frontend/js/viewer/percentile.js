// @ts-check
/** Percentiles of pixel values. */

/**
 * Return a percentile of ascending values, as numpy.percentile with linear interpolation.
 * @param {Float32Array} sorted @param {number} percent 0 to 100
 */
export function percentile(sorted, percent) {
  const position = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
