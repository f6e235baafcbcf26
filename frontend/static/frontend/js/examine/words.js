// @ts-check
/** Numbers as people write them in a paper. */

const UNITS = /** @type {Readonly<Record<string, string>>} */ ({
  "ELECTRONS/S": "e⁻/s", "ELECTRONS": "e⁻", "COUNTS/S": "counts/s", "COUNTS": "counts",
});

/** @param {string} unit of a FITS header @returns {string} as on an axis */
export function unitName(unit) {
  return UNITS[unit.trim().toUpperCase()] ?? unit.trim();
}

/** @param {number} power of ten @returns {string} such as "×10⁻³", empty for 0 */
export function powerOfTen(power) {
  const raised = [...String(power)].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)] ?? "⁻").join("");
  return power === 0 ? "" : `×10${raised}`;
}

/**
 * The power of ten that is better named once than written in every number: 0 for handy numbers.
 * @param {number} largest absolute value
 */
export function commonPower(largest) {
  if (!(largest > 0) || (largest >= 0.01 && largest < 1e5)) return 0;
  return Math.floor(Math.log10(largest));
}

/** @param {number} value @param {number} decimals @returns {string} with a true minus */
export function fixed(value, decimals) {
  const written = value.toFixed(decimals);
  return Number(written) === 0 ? written.replace("-", "") : written.replace("-", "−");
}

/** @param {number} value @returns {string} four significant digits, a dash for none */
export function figure(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const power = size > 0 && (size < 1e-3 || size >= 1e6) ? Math.floor(Math.log10(size)) : 0;
  const head = (value / 10 ** power).toPrecision(4).replace("-", "−");
  return head.includes("e") ? fixed(value, 0) : head + powerOfTen(power);
}

/** @param {number} value @param {string} unit @returns {string} */
export function quantity(value, unit) {
  return Number.isFinite(value) ? `${figure(value)} ${unitName(unit)}`.trim() : "–";
}

/** @param {number} share 0 to 1 @returns {string} */
export function percent(share) {
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
}

/**
 * What to say of missing data, if anything.
 * @param {number} share @param {string} where such as "the sky's ring" @returns {string[]}
 */
export function missingNote(share, where) {
  return share > 0 ? [`${percent(share)} of ${where} has no data.`] : [];
}
