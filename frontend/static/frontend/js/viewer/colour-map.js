// @ts-check
/**
 * Colour maps: from grey levels to colours, with inversion, contrast and bias.
 *
 * References: DS9's default.C for the piecewise linear maps, matplotlib for viridis.
 */
import { LEVELS, adjustLevel } from "./contrast-bias.js";
import { VIRIDIS } from "./viridis.js";

/** @typedef {{colours: string, invert: boolean, contrast: number, bias: number}} ColourSettings */
/** @typedef {[level: number, intensity: number][]} Knots of a piecewise linear map, 0 to 1 */

/** @type {Readonly<Record<string, [red: Knots, green: Knots, blue: Knots]>>} */
const PIECEWISE_MAPS = {
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

/** Names of the colour maps. */
export const COLOUR_MAPS = ["grey", "viridis", ...Object.keys(PIECEWISE_MAPS)];

/** @param {Knots} knots @param {number} level 0 to 1 @returns {number} intensity from 0 to 1 */
function interpolate(knots, level) {
  const next = Math.max(1, knots.findIndex(([x]) => x >= level));
  const [[x0, y0], [x1, y1]] = [knots[next - 1], knots[next]];
  return y0 + ((level - x0) / (x1 - x0)) * (y1 - y0);
}

/** @param {string} name @param {number} level @returns {number[]} red, green, blue */
function colourOf(name, level) {
  if (name === "grey") return [level, level, level];
  if (name === "viridis") {
    return [0, 2, 4].map((offset) => parseInt(VIRIDIS.substr(6 * level + offset, 2), 16));
  }
  const channels = PIECEWISE_MAPS[name];
  if (channels === undefined) throw new Error(`There is no colour map called ${name}.`);
  return channels.map((knots) => Math.round(255 * interpolate(knots, level / (LEVELS - 1))));
}

/**
 * Return the colour of each level, in the format of canvases.
 * @param {ColourSettings} settings @returns {Uint8ClampedArray} 256 × (red, green, blue, 255)
 */
export function palette({ colours, invert, contrast, bias }) {
  const table = new Uint8ClampedArray(4 * LEVELS).fill(255);
  for (let level = 0; level < LEVELS; level += 1) {
    const source = invert ? LEVELS - 1 - level : level;
    table.set(colourOf(colours, adjustLevel(source, contrast, invert ? 1 - bias : bias)), 4 * level);
  }
  return table;
}
