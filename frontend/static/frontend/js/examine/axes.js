// @ts-check
/** The axes of a plot, with ticks and labels. */
import { formatPower } from "./format.js";

/** @typedef {import("./axis-scale.js").AxisScale} AxisScale */
/** @typedef {import("./plot-canvas.js").Plot} Plot */

/**
 * The area inside the axes, in CSS pixels; `x` and `y` convert values.
 * @typedef {object} Frame
 * @property {number} left @property {number} top @property {number} right @property {number} bottom
 * @property {(value: number) => number} x @property {(value: number) => number} y
 */

const TICK = 4;
const PADDING = 6;
const LABEL = 14;

/** @param {string} label @param {AxisScale} scale @returns {string} with the power of ten, if any */
const withPower = (label, { power }) => [label, formatPower(power)].filter(Boolean).join(", ");

/**
 * Return the area inside the axes.
 * @param {Plot} plot @param {AxisScale} yScale
 * @returns {{left: number, top: number, right: number, bottom: number}} CSS pixels
 */
export function plotArea({ context, width, height }, yScale) {
  const widest = Math.max(...yScale.ticks.map(({ text }) => context.measureText(text).width), 8);
  const left = Math.ceil(LABEL + widest + PADDING);
  return { left, top: PADDING + 3, right: width - 10, bottom: height - 2 * LABEL - 3 };
}

/**
 * Return the frame of a plot.
 * @param {Plot} plot @param {AxisScale} xScale @param {AxisScale} yScale @returns {Frame}
 */
function frameOf(plot, xScale, yScale) {
  const { left, top, right, bottom } = plotArea(plot, yScale);
  return {
    left, top, right, bottom,
    x: (value) => left + xScale.position(value) * (right - left),
    y: (value) => bottom - yScale.position(value) * (bottom - top),
  };
}

/**
 * Draw the axes and return the frame inside them.
 * @param {Plot} plot @param {AxisScale} xScale @param {AxisScale} yScale
 * @param {{x: string, y: string}} labels
 * @returns {Frame}
 */
export function drawAxes(plot, xScale, yScale, labels) {
  const { context, colours } = plot;
  const frame = frameOf(plot, xScale, yScale);
  const { left, top, right, bottom } = frame;
  context.strokeStyle = colours.quiet;
  context.lineWidth = 1;
  context.beginPath();
  // Half pixels keep a line of one pixel one pixel wide.
  context.moveTo(left - 0.5, top);
  context.lineTo(left - 0.5, bottom + 0.5);
  context.lineTo(right, bottom + 0.5);
  for (const { value } of xScale.ticks) {
    context.moveTo(Math.round(frame.x(value)) - 0.5, bottom + 0.5);
    context.lineTo(Math.round(frame.x(value)) - 0.5, bottom + TICK);
  }
  for (const { value } of yScale.ticks) {
    context.moveTo(left - 0.5, Math.round(frame.y(value)) + 0.5);
    context.lineTo(left - TICK, Math.round(frame.y(value)) + 0.5);
  }
  context.stroke();
  drawTickLabels(context, frame, xScale, yScale, colours.quiet);
  context.textAlign = "center";
  context.fillText(withPower(labels.x, xScale), (left + right) / 2, bottom + 1.5 * LABEL + 4);
  context.save();
  context.translate(LABEL / 2, (top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(withPower(labels.y, yScale), 0, 0, bottom - top + 24);
  context.restore();
  return frame;
}

/**
 * @param {CanvasRenderingContext2D} context @param {Frame} frame
 * @param {AxisScale} xScale @param {AxisScale} yScale @param {string} colour
 */
function drawTickLabels(context, frame, xScale, yScale, colour) {
  context.fillStyle = colour;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const { value, text } of xScale.ticks) {
    context.fillText(text, frame.x(value), frame.bottom + LABEL - 2);
  }
  context.textAlign = "right";
  for (const { value, text } of yScale.ticks) {
    context.fillText(text, frame.left - PADDING - 1, frame.y(value) + 0.5);
  }
}
