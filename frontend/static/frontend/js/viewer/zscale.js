// @ts-check
/**
 * DS9's ZScale limits.
 *
 * Reference: astropy.visualization.ZScaleInterval with n_samples=600, contrast=0.25.
 */
import { percentile } from "./percentile.js";

const CONTRAST = 0.25;
const SAMPLES = 600;
const REJECT_SIGMA = 2.5;
const MAX_REJECT = 0.5;
const MIN_PIXELS = 5;
const ITERATIONS = 5;

/**
 * Return intercept, slope and scatter of the good samples about their least-squares line over the
 * index.
 * @param {Float32Array} samples @param {Uint8Array} bad
 */
function fitLine(samples, bad) {
  let n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  samples.forEach((y, x) => {
    if (bad[x]) return;
    n += 1; sx += x; sy += y; sxx += x * x; sxy += x * y;
  });
  const slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  const intercept = (sy - slope * sx) / n;
  let sum = 0, squares = 0;
  samples.forEach((y, x) => {
    if (bad[x]) return;
    const residual = y - intercept - slope * x;
    sum += residual; squares += residual * residual;
  });
  return { intercept, slope, sigma: Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2)) };
}

/**
 * Mark the neighbours of bad samples too, as numpy.convolve(bad, ones(width), "same") does.
 * @param {Uint8Array} bad @param {number} width
 */
function grow(bad, width) {
  const start = (width - 1) >> 1;
  return bad.map((_, i) => Number(
    bad.subarray(Math.max(0, i + start - width + 1), i + start + 1).includes(1),
  ));
}

/**
 * Return limits around the median that show faint structure. A line is fitted to the sorted
 * samples without outliers; its slope divided by the contrast sets the range.
 * @param {Float32Array} values finite, in the order of the image, which decides the samples
 * @returns {{low: number, high: number}} 0 and 1 without any value
 */
export function zscale(values) {
  if (values.length === 0) return { low: 0, high: 1 };
  const stride = Math.max(1, Math.trunc(values.length / SAMPLES));
  const samples = values.filter((_, i) => i % stride === 0).subarray(0, SAMPLES).sort();
  const n = samples.length;
  const [min, max] = [samples[0], samples[n - 1]];
  const minGood = Math.max(MIN_PIXELS, Math.trunc(n * MAX_REJECT));
  const width = Math.max(1, Math.trunc(n * 0.01));
  let bad = new Uint8Array(n);
  let nGood = n, nBefore = n + 1, slope = 0;
  for (let i = 0; i < ITERATIONS && nGood < nBefore && nGood >= minGood; i += 1) {
    const line = fitLine(samples, bad);
    slope = line.slope;
    const outliers = bad.map((flag, x) => Number(
      flag || Math.abs(samples[x] - line.intercept - line.slope * x) > REJECT_SIGMA * line.sigma,
    ));
    bad = grow(outliers, width);
    nBefore = nGood;
    nGood = bad.reduce((count, flag) => count + 1 - flag, 0);
  }
  if (nGood < minGood) return { low: min, high: max };
  const middle = (n - 1) >> 1;
  const median = percentile(samples, 50);
  return {
    low: Math.max(min, median - (middle - 1) * (slope / CONTRAST)),
    high: Math.min(max, median + (n - middle) * (slope / CONTRAST)),
  };
}
