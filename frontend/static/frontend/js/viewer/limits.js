// @ts-check
/**
 * Which values become black and white, in DS9's words.
 *
 * Values are in the image's own unit; NaN and infinities are ignored. References: numpy.percentile
 * (linear interpolation) for the percentages, astropy.visualization.ZScaleInterval for ZScale.
 */

/** @typedef {{low: number, high: number}} Limits */

/** @type {Readonly<Record<string, number>>} the share of pixels that is kept */
const SHARES = {
  "Min Max": 100, "99.5 %": 99.5, "99 %": 99, "98 %": 98, "97 %": 97, "96 %": 96, "95 %": 95,
  "92.5 %": 92.5, "90 %": 90,
};

/** DS9's menu in its order: ZMax is from ZScale's low to the maximum, User what somebody typed. */
export const LIMITS = [...Object.keys(SHARES), "ZScale", "ZMax", "User"];

const CONTRAST = 0.25;
const SAMPLES = 600;
const REJECT_SIGMA = 2.5;
const MAX_REJECT = 0.5;
const MIN_PIXELS = 5;
const ITERATIONS = 5;

/** @param {Float32Array} values @returns {Float32Array} the finite ones */
const finite = (values) => values.filter(Number.isFinite);

/**
 * The percentile of an ascending array.
 * @param {Float32Array} sorted @param {number} percent 0 to 100
 */
function percentile(sorted, percent) {
  const position = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/**
 * Intercept, slope and scatter of the good samples about their least-squares line over the index.
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
 * Each bad sample spoils its neighbours, as numpy.convolve(bad, ones(width), "same") does.
 * @param {Uint8Array} bad @param {number} width
 */
function grow(bad, width) {
  const start = (width - 1) >> 1;
  return bad.map((_, i) => Number(
    bad.subarray(Math.max(0, i + start - width + 1), i + start + 1).includes(1),
  ));
}

/**
 * Limits around the median that show faint structure: a line is fitted to the sorted samples,
 * outliers are rejected, and its slope over the contrast sets the range.
 * @param {Float32Array} values in the image's order, which decides the sample
 * @returns {Limits}
 */
export function zscale(values) {
  const good = finite(values);
  if (good.length === 0) return { low: 0, high: 1 };
  const stride = Math.max(1, Math.trunc(good.length / SAMPLES));
  const samples = good.filter((_, i) => i % stride === 0).subarray(0, SAMPLES).sort();
  const n = samples.length;
  const [low, high] = [samples[0], samples[n - 1]];
  const fewest = Math.max(MIN_PIXELS, Math.trunc(n * MAX_REJECT));
  const width = Math.max(1, Math.trunc(n * 0.01));
  let bad = new Uint8Array(n);
  let left = n, before = n + 1, slope = 0;
  for (let round = 0; round < ITERATIONS && left < before && left >= fewest; round += 1) {
    const line = fitLine(samples, bad);
    slope = line.slope;
    const marked = bad.map((was, x) => Number(
      was || Math.abs(samples[x] - line.intercept - line.slope * x) > REJECT_SIGMA * line.sigma,
    ));
    bad = grow(marked, width);
    before = left;
    left = bad.reduce((count, spoilt) => count + 1 - spoilt, 0);
  }
  if (left < fewest) return { low, high };
  const centre = (n - 1) >> 1;
  const median = percentile(samples, 50);
  return {
    low: Math.max(low, median - (centre - 1) * (slope / CONTRAST)),
    high: Math.min(high, median + (n - centre) * (slope / CONTRAST)),
  };
}

/**
 * The limits of that name for these values; without any finite value, 0 and 1.
 * @param {Float32Array} values @param {string} name one of LIMITS
 * @param {Limits} [typed] those of the name User
 * @returns {Limits}
 */
export function limitsOf(values, name, typed = { low: 0, high: 1 }) {
  if (name === "User") return typed;
  if (name === "ZScale") return zscale(values);
  if (name === "ZMax") return { low: zscale(values).low, high: limitsOf(values, "Min Max").high };
  const share = SHARES[name];
  if (share === undefined) throw new Error(`There are no limits called ${name}.`);
  const sorted = finite(values).sort();
  if (sorted.length === 0) return { low: 0, high: 1 };
  const cut = (100 - share) / 2;
  return { low: percentile(sorted, cut), high: percentile(sorted, 100 - cut) };
}
