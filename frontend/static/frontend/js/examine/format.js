// @ts-check
/** Numbers and units as text, in the style of a paper. */
import { formatFixed } from "../lib/numbers.js";

const UNITS = /** @type {Readonly<Record<string, string>>} */ ({
  "ELECTRONS/S": "e⁻/s", "ELECTRONS": "e⁻", "COUNTS/S": "counts/s", "COUNTS": "counts",
});

/** Return the label of a FITS header's unit. @param {string} unit @returns {string} */
export function unitLabel(unit) {
  return UNITS[unit.trim().toUpperCase()] ?? unit.trim();
}

/** Format a power of ten as "×10⁻³"; empty for 0. @param {number} power @returns {string} */
export function formatPower(power) {
  const raised = [...String(power)].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)] ?? "⁻").join("");
  return power === 0 ? "" : `×10${raised}`;
}

/**
 * Return the power of ten to leave out of the numbers of an axis: 0 for numbers of usual size.
 * @param {number} largest absolute value
 */
export function commonPower(largest) {
  if (!(largest > 0) || (largest >= 0.01 && largest < 1e5)) return 0;
  return Math.floor(Math.log10(largest));
}

/** Format with four significant digits; a dash for NaN. @param {number} value @returns {string} */
export function formatNumber(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const power = size > 0 && (size < 1e-3 || size >= 1e6) ? Math.floor(Math.log10(size)) : 0;
  const digits = (value / 10 ** power).toPrecision(4).replace("-", "−");
  return digits.includes("e") ? formatFixed(value, 0) : digits + formatPower(power);
}

/** Format a value with its unit. @param {number} value @param {string} unit @returns {string} */
export function formatQuantity(value, unit) {
  return Number.isFinite(value) ? `${formatNumber(value)} ${unitLabel(unit)}`.trim() : "–";
}

/** Format a fraction as a percentage. @param {number} fraction 0 to 1 @returns {string} */
export function formatPercent(fraction) {
  return fraction > 0 && fraction < 0.01 ? "< 1 %" : `${Math.round(100 * fraction)} %`;
}

/**
 * Return a note about missing data, if there are any.
 * @param {number} fraction @param {string} region such as "the sky annulus" @returns {string[]}
 */
export function missingDataNote(fraction, region) {
  return fraction > 0 ? [`${formatPercent(fraction)} of ${region} has no data.`] : [];
}
