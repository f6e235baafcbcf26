// @ts-check
/** A frame with ticks and labels around a plot. */
import { powerOfTen } from "./words.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./sheet.js").Sheet} Sheet */

/**
 * @typedef {object} Frame
 * @property {number} left @property {number} top @property {number} right @property {number} bottom
 * @property {(value: number) => number} x CSS pixels @property {(value: number) => number} y
 */

const TICK = 4;
const PAD = 6;
const LABEL = 14;

/** Beside a square plot, room for its legend. */
const BESIDE = 108;

/** @param {string} label @param {Scale} scale @returns {string} with the power of ten, if any */
const named = (label, { power }) => [label, powerOfTen(power)].filter(Boolean).join(", ");

/**
 * Draws the axes; what lies inside is left to the caller.
 * @param {Sheet} sheet @param {Scale} across @param {Scale} up
 * @param {{x: string, y: string}} labels @param {boolean} [square] one unit is as long both ways
 * @returns {Frame}
 */
export function drawAxes({ pen, width, height, ink }, across, up, labels, square = false) {
  const widest = Math.max(...up.ticks.map(({ text }) => pen.measureText(text).width), 8);
  const left = Math.ceil(LABEL + widest + PAD);
  const top = PAD + 3;
  const high = height - 2 * LABEL - 3 - top;
  const side = Math.min(high, width - left - BESIDE);
  const right = square ? left + side : width - 10;
  const bottom = top + (square ? side : high);
  const frame = {
    left, top, right, bottom,
    x: (/** @type {number} */ value) => left + across.place(value) * (right - left),
    y: (/** @type {number} */ value) => bottom - up.place(value) * (bottom - top),
  };
  pen.strokeStyle = ink.quiet;
  pen.lineWidth = 1;
  pen.beginPath();
  // Half pixels: a line of one pixel stays one pixel wide.
  pen.moveTo(left - 0.5, top);
  pen.lineTo(left - 0.5, bottom + 0.5);
  pen.lineTo(right, bottom + 0.5);
  for (const { value } of across.ticks) {
    pen.moveTo(Math.round(frame.x(value)) - 0.5, bottom + 0.5);
    pen.lineTo(Math.round(frame.x(value)) - 0.5, bottom + TICK);
  }
  for (const { value } of up.ticks) {
    pen.moveTo(left - 0.5, Math.round(frame.y(value)) + 0.5);
    pen.lineTo(left - TICK, Math.round(frame.y(value)) + 0.5);
  }
  pen.stroke();
  write(pen, frame, across, up, ink.quiet);
  pen.textAlign = "center";
  pen.fillText(named(labels.x, across), (left + right) / 2, bottom + 1.5 * LABEL + 4);
  pen.save();
  pen.translate(LABEL / 2, (top + bottom) / 2);
  pen.rotate(-Math.PI / 2);
  pen.fillText(named(labels.y, up), 0, 0, bottom - top + 24);
  pen.restore();
  return frame;
}

/**
 * The ticks' numbers.
 * @param {CanvasRenderingContext2D} pen @param {Frame} frame
 * @param {Scale} across @param {Scale} up @param {string} colour
 */
function write(pen, frame, across, up, colour) {
  pen.fillStyle = colour;
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  for (const { value, text } of across.ticks) {
    pen.fillText(text, frame.x(value), frame.bottom + LABEL - 2);
  }
  pen.textAlign = "right";
  for (const { value, text } of up.ticks) {
    pen.fillText(text, frame.left - PAD - 1, frame.y(value) + 0.5);
  }
}
