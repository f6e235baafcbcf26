// @ts-check
/** Numbers as text. */

/** Format with fixed decimals and a true minus sign; a zero has none. @param {number} value @param {number} decimals */
export function formatFixed(value, decimals) {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}
