// @ts-check
/** Sizes of files as text. */

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Return a size with three digits and its unit. @param {number} bytes */
export function sizeText(bytes) {
  const power = bytes > 0 ? Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  const value = bytes / 1000 ** power;
  return `${power ? Number(value.toPrecision(3)) : value} ${UNITS[power]}`;
}
