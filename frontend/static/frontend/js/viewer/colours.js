// @ts-check
/**
 * From grey levels to colours: DS9's colour maps, inversion, contrast and bias.
 *
 * References: DS9's default.C for the maps that are broken lines, matplotlib for viridis, and
 * colorbar.C, calcContrastBias, for the arithmetic.
 */
import { VIRIDIS } from "./viridis.js";

/** @typedef {{colours: string, invert: boolean, contrast: number, bias: number}} Colouring */
/** @typedef {[place: number, intensity: number][]} Line corners from 0 to 1 */

const LEVELS = 256;
/** Contrast and bias that change nothing. */
export const NEUTRAL = { contrast: 1, bias: 0.5 };
/** Contrast at the lower rim of a picture, when it is dragged. */
const STEEPEST = 10;

/** @type {Readonly<Record<string, [red: Line, green: Line, blue: Line]>>} */
const LINES = {
  heat: [[[0, 0], [0.34, 1], [1, 1]], [[0, 0], [1, 1]], [[0, 0], [0.65, 0], [0.98, 1], [1, 1]]],
  cool: [
    [[0, 0], [0.29, 0], [0.76, 0.1], [1, 1]],
    [[0, 0], [0.22, 0], [0.96, 1], [1, 1]],
    [[0, 0], [0.53, 1], [1, 1]],
  ],
  b: [
    [[0, 0], [0.25, 0], [0.5, 1], [1, 1]],
    [[0, 0], [0.5, 0], [0.75, 1], [1, 1]],
    [[0, 0], [0.25, 1], [0.5, 0], [0.75, 0], [1, 1]],
  ],
};

export const COLOURS = ["grey", "viridis", ...Object.keys(LINES)];

/** @param {Line} line @param {number} place @returns {number} intensity from 0 to 1 */
function along(line, place) {
  const next = Math.max(1, line.findIndex(([x]) => x >= place));
  const [[x0, y0], [x1, y1]] = [line[next - 1], line[next]];
  return y0 + ((place - x0) / (x1 - x0)) * (y1 - y0);
}

/** @param {string} name one of COLOURS @param {number} level @returns {number[]} red, green, blue */
function colourOf(name, level) {
  if (name === "grey") return [level, level, level];
  if (name === "viridis") {
    return [0, 2, 4].map((offset) => parseInt(VIRIDIS.substr(6 * level + offset, 2), 16));
  }
  const lines = LINES[name];
  if (lines === undefined) throw new Error(`There is no colour map called ${name}.`);
  return lines.map((line) => Math.round(255 * along(line, level / (LEVELS - 1))));
}

/**
 * Which level's colour a level gets, with DS9's truncation.
 * @param {number} level 0 to 255 @param {number} contrast @param {number} bias
 */
export function adjusted(level, contrast, bias) {
  if (contrast === NEUTRAL.contrast && bias === NEUTRAL.bias) return level;
  const moved = Math.trunc(((level / LEVELS - bias) * contrast + 0.5) * LEVELS);
  return Math.min(LEVELS - 1, Math.max(0, moved));
}

/**
 * The colour of each level, as canvases take it.
 * @param {Colouring} colouring @returns {Uint8ClampedArray} 256 × (red, green, blue, 255)
 */
export function palette({ colours, invert, contrast, bias }) {
  const table = new Uint8ClampedArray(4 * LEVELS).fill(255);
  for (let level = 0; level < LEVELS; level += 1) {
    const from = invert ? LEVELS - 1 - level : level;
    table.set(colourOf(colours, adjusted(from, contrast, invert ? 1 - bias : bias)), 4 * level);
  }
  return table;
}

/**
 * What dragging to a place means, as in DS9: across is bias, down is contrast.
 * @param {number} across @param {number} down shares of the picture's width and height
 */
export function dragged(across, down) {
  /** @param {number} share */
  const clamp = (share) => Math.min(1, Math.max(0, share));
  return { bias: clamp(across), contrast: STEEPEST * clamp(down) };
}
