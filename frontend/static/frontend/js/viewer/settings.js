// @ts-check
/** Display settings of an expert: stretch, limits, colours and view of the stamps. */
import { COLOUR_MAPS } from "./colour-map.js";
import { NEUTRAL } from "./contrast-bias.js";
import { LIMITS } from "./limits.js";
import { N_FILTERS } from "./stamp.js";
import { STRETCHES } from "./stretch.js";

/** @typedef {{stretch: string, limits: string, low: number, high: number}} Scale low, high: User */
/**
 * `own`: the scale of each filter while they are not linked; `together`: limits and histogram over
 * all five stamps; `view`: pixels across; `rgb`: Lupton's stretch in sigma of the sky, and his Q;
 * `neighbours` and `crosshair`: true if they are drawn.
 * @typedef {Scale & import("./colour-map.js").ColourSettings & {own: Scale[] | null,
 *   together: boolean, view: number, rgb: {stretch: number, q: number}, neighbours: boolean,
 *   crosshair: boolean}} Display
 */

/** Pixels across the stamps: the network's input, the whole stamp, and half of the input. */
export const VIEWS = [50, 100, 25];

/** @type {Readonly<Scale>} */
const DEFAULT_SCALE = { stretch: "ASINH", limits: "99.5 %", low: 0, high: 1 };

/** @param {any} value @param {readonly any[]} choices @param {any} fallback */
const oneOf = (value, choices, fallback) => (choices.includes(value) ? value : fallback);

/** @param {unknown} value @param {number} low @param {number} high @param {number} fallback */
function between(value, low, high, fallback) {
  return typeof value === "number" && value >= low && value <= high ? value : fallback;
}

/** @param {any} stored @returns {Scale} */
function validScale(stored) {
  const [low, high] = [stored?.low, stored?.high];
  const valid = Number.isFinite(low) && Number.isFinite(high) && low < high;
  return {
    stretch: oneOf(stored?.stretch, STRETCHES, DEFAULT_SCALE.stretch),
    limits: oneOf(stored?.limits, LIMITS, DEFAULT_SCALE.limits),
    low: valid ? low : DEFAULT_SCALE.low,
    high: valid ? high : DEFAULT_SCALE.high,
  };
}

/**
 * Return valid settings: what is missing or invalid in the stored ones gets its default.
 * @param {any} stored @returns {Display}
 */
export function validDisplay(stored) {
  const scales = stored?.own;
  return {
    ...validScale(stored),
    own: Array.isArray(scales) && scales.length === N_FILTERS ? scales.map(validScale) : null,
    together: stored?.together === true,
    colours: oneOf(stored?.colours, COLOUR_MAPS, "grey"),
    invert: stored?.invert === true,
    contrast: between(stored?.contrast, 0, 10, NEUTRAL.contrast),
    bias: between(stored?.bias, 0, 1, NEUTRAL.bias),
    view: oneOf(stored?.view, VIEWS, VIEWS[0]),
    rgb: {
      stretch: between(stored?.rgb?.stretch, 0, Infinity, 12),
      q: between(stored?.rgb?.q, 0, Infinity, 6),
    },
    neighbours: stored?.neighbours !== false,
    crosshair: stored?.crosshair !== false,
  };
}

/**
 * Return the scale of one filter.
 * @param {Display} display @param {number} band @returns {Scale}
 */
export function scaleOf(display, band) {
  return display.own?.[band] ?? display;
}

/**
 * Unlink the scales of the filters, or link them again with the scale of the selected filter.
 * @param {Display} display changed in place @param {number} band the selected filter
 */
export function toggleLink(display, band) {
  const { stretch, limits, low, high } = scaleOf(display, band);
  const scale = { stretch, limits, low, high };
  if (display.own) Object.assign(display, scale, { own: null });
  else display.own = Array.from({ length: N_FILTERS }, () => ({ ...scale }));
}

/**
 * Return the value before or after one in a list; the ends are joined.
 * @template T
 * @param {readonly T[]} list @param {T} value @param {1 | -1} step
 */
export function cycle(list, value, step) {
  return list[(list.indexOf(value) + step + list.length) % list.length];
}
