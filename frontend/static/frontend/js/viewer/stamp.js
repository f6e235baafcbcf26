// @ts-check
/** Dimensions of a candidate's stamps. */

/** Side of a stamp in pixels. */
export const STAMP_PX = 100;
/** Number of filters, in the order NUV, U, B, V, I. */
export const N_FILTERS = 5;
