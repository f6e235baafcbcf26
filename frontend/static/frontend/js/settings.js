// @ts-check
/** How this expert likes to see the stamps; remembered in the browser. */
import { LIMITS } from "./limits.js";
import { STRETCHES } from "./stretch.js";

/** @typedef {{stretch: string, limits: string, invert: boolean, view: number}} Display */

const KEY = "asterism-display";
/** Pixels across the stamp: what the network sees, and twice as much. */
export const VIEWS = [50, 100];

/** @type {Readonly<Display>} */
const FIRST = { stretch: "ASINH", limits: "99.5 %", invert: false, view: 50 };

/**
 * Settings that can be used, whatever was stored.
 * @param {unknown} stored @returns {Display}
 */
export function sound(stored) {
  const wish = { ...FIRST, .../** @type {object} */ (stored ?? {}) };
  return {
    stretch: wish.stretch in STRETCHES ? wish.stretch : FIRST.stretch,
    limits: wish.limits in LIMITS ? wish.limits : FIRST.limits,
    invert: wish.invert === true,
    view: VIEWS.includes(wish.view) ? wish.view : FIRST.view,
  };
}

/** @returns {Display} */
export function remembered() {
  try {
    return sound(JSON.parse(localStorage.getItem(KEY) ?? "null"));
  } catch {
    return sound(null); // storage refused or spoilt: the first settings do
  }
}

/** @param {Display} display */
export function remember(display) {
  try {
    localStorage.setItem(KEY, JSON.stringify(display));
  } catch {
    // Storage refused: the settings last as long as the page.
  }
}

/**
 * The neighbour of `value` in the list, round the end.
 * @template T
 * @param {T[]} list @param {T} value @param {1 | -1} step
 */
export function neighbour(list, value, step) {
  return list[(list.indexOf(value) + step + list.length) % list.length];
}
