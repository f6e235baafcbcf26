// @ts-check
/**
 * DS9's contrast and bias of a colour map.
 *
 * Reference: calcContrastBias in DS9's colorbar.C, with its truncation.
 */

/** Number of levels of a colour map. */
export const LEVELS = 256;
/** Contrast and bias that change nothing. */
export const NEUTRAL = { contrast: 1, bias: 0.5 };
/** Contrast at the lower edge of an image while dragging. */
const MAX_CONTRAST = 10;

/**
 * Return the level whose colour a level is shown in.
 * @param {number} level 0 to 255 @param {number} contrast @param {number} bias
 */
export function adjustLevel(level, contrast, bias) {
  if (contrast === NEUTRAL.contrast && bias === NEUTRAL.bias) return level;
  const moved = Math.trunc(((level / LEVELS - bias) * contrast + 0.5) * LEVELS);
  return Math.min(LEVELS - 1, Math.max(0, moved));
}

/**
 * Return the contrast and bias of a drag to an image position: x is bias, y is contrast.
 * @param {{x: number, y: number}} position fractions of width and height, y downwards
 */
export function contrastBiasAt({ x, y }) {
  /** @param {number} fraction */
  const clamp = (fraction) => Math.min(1, Math.max(0, fraction));
  return { bias: clamp(x), contrast: MAX_CONTRAST * clamp(y) };
}
