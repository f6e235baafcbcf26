// @ts-check
/** How this expert likes to see the stamps. */
import { COLOURS, NEUTRAL } from "./colours.js";
import { LIMITS } from "./limits.js";
import { STRETCHES } from "./stretch.js";

/** @typedef {{stretch: string, limits: string, low: number, high: number}} Scale low and high: typed */
/**
 * `own`: a scale for each filter while they are not linked; `together`: limits and histogram over
 * all five stamps; `view`: pixels across; `rgb`: Lupton's stretch in sigma of the sky, and his Q.
 * @typedef {Scale & import("./colours.js").Colouring & {own: Scale[] | null, together: boolean,
 *   view: number, rgb: {stretch: number, q: number}, neighbours: boolean}} Display
 */

/** Pixels across the stamp: what the network sees, half of it, and twice as much. */
export const VIEWS = [50, 100, 25];
const BANDS = 5;

/** @type {Readonly<Scale>} */
const FIRST_SCALE = { stretch: "ASINH", limits: "99.5 %", low: 0, high: 1 };

/** @param {any} value @param {readonly any[]} choices @param {any} otherwise */
const oneOf = (value, choices, otherwise) => (choices.includes(value) ? value : otherwise);

/** @param {unknown} value @param {number} low @param {number} high @param {number} otherwise */
function between(value, low, high, otherwise) {
  return typeof value === "number" && value >= low && value <= high ? value : otherwise;
}

/** @param {any} stored @returns {Scale} */
function soundScale(stored) {
  const [low, high] = [stored?.low, stored?.high];
  const typed = Number.isFinite(low) && Number.isFinite(high) && low < high;
  return {
    stretch: oneOf(stored?.stretch, STRETCHES, FIRST_SCALE.stretch),
    limits: oneOf(stored?.limits, LIMITS, FIRST_SCALE.limits),
    low: typed ? low : FIRST_SCALE.low,
    high: typed ? high : FIRST_SCALE.high,
  };
}

/**
 * Settings that can be used, whatever was stored.
 * @param {any} stored @returns {Display}
 */
export function sound(stored) {
  const own = stored?.own;
  return {
    ...soundScale(stored),
    own: Array.isArray(own) && own.length === BANDS ? own.map(soundScale) : null,
    together: stored?.together === true,
    colours: oneOf(stored?.colours, COLOURS, "grey"),
    invert: stored?.invert === true,
    contrast: between(stored?.contrast, 0, 10, NEUTRAL.contrast),
    bias: between(stored?.bias, 0, 1, NEUTRAL.bias),
    view: oneOf(stored?.view, VIEWS, VIEWS[0]),
    rgb: { stretch: between(stored?.rgb?.stretch, 0, Infinity, 12), q: between(stored?.rgb?.q, 0, Infinity, 6) },
    neighbours: stored?.neighbours !== false,
  };
}

/**
 * The scale of one filter.
 * @param {Display} display @param {number} band @returns {Scale}
 */
export function scaleOf(display, band) {
  return display.own?.[band] ?? display;
}

/**
 * Five scales instead of one, or one, that of the chosen filter, instead of five.
 * @param {Display} display changed in place @param {number} band
 */
export function unlinkOrLink(display, band) {
  const { stretch, limits, low, high } = scaleOf(display, band);
  const scale = { stretch, limits, low, high };
  if (display.own) Object.assign(display, scale, { own: null });
  else display.own = Array.from({ length: BANDS }, () => ({ ...scale }));
}

/**
 * The neighbour of `value` in the list, round the end.
 * @template T
 * @param {readonly T[]} list @param {T} value @param {1 | -1} step
 */
export function neighbour(list, value, step) {
  return list[(list.indexOf(value) + step + list.length) % list.length];
}
