// @ts-check
/** Points and lines over one axis: one filter's, or two compared. */
import { drawAxes } from "./axes.js";
import { linear, logarithmic } from "./scale.js";
import { drawWords } from "./sheet.js";
import { drawLegend, drawLine, drawMarks, drawPoints } from "./strokes.js";

/** @typedef {import("./sheet.js").Sheet} Sheet */
/** @typedef {import("./axes.js").Frame} Frame */
/** @typedef {import("./strokes.js").Curve} Curve */
/** @typedef {{name: string, curve: Curve}} Named */

/** @param {Curve} curve @returns {boolean} whether it can be scaled to its own height */
const scalable = ({ relative }) => relative !== null && relative.one > relative.zero;

/**
 * The curve in units of its own height.
 * @param {Curve} curve @returns {Curve}
 */
function scaled(curve) {
  const { zero, one, label } = /** @type {NonNullable<Curve["relative"]>} */ (curve.relative);
  const unit = (/** @type {number[]} */ ys) => ys.map((y) => (y - zero) / (one - zero));
  return {
    ...curve,
    yLabel: label,
    points: curve.points && [curve.points[0], unit(curve.points[1])],
    lines: curve.lines.map((line) => ({ ...line, ys: unit(line.ys) })),
  };
}

/** @param {number[]} values @returns {[number, number]} the finite extremes */
function extremes(values) {
  return values.filter(Number.isFinite).reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity],
  );
}

/** @param {Curve[]} curves @returns {[number, number]} the lowest and the highest value, if any */
const heights = (curves) => extremes(curves.flatMap(({ points, lines }) => (
  [...(points?.[1] ?? []), ...lines.flatMap((line) => line.ys)]
)));

/** @param {Sheet} sheet @param {Curve[]} curves @returns {Frame} */
function axesOf(sheet, curves) {
  const [first] = curves;
  const [left, right] = extremes(curves.flatMap(({ xRange }) => xRange));
  const [low, high] = heights(curves);
  const room = 0.05 * (high - low);
  const across = linear(left, right, Math.max(3, Math.floor(sheet.width / 60)));
  const count = Math.max(3, Math.floor(sheet.height / 36));
  const up = first.logCounts ? logarithmic(high) : linear(low - room, high + room, count);
  return drawAxes(sheet, across, up, { x: first.xLabel, y: first.yLabel });
}

/** @param {Sheet} sheet @param {Named[]} shown one, or two to compare */
export function drawCurves(sheet, shown) {
  const { pen, ink } = sheet;
  const two = shown.length > 1;
  const relative = two && shown.every(({ curve }) => scalable(curve));
  const curves = shown.map(({ curve }) => (relative ? scaled(curve) : curve));
  if (!Number.isFinite(heights(curves)[0])) {
    drawWords(sheet, "Nothing to draw");
    return;
  }
  const frame = axesOf(sheet, curves);
  // Of two filters, only what marks the same place in both.
  const places = curves.map(({ marks }) => marks.map(([place]) => place));
  const common = curves[0].marks.filter(([place]) => places.every((all) => all.includes(place)));
  drawMarks(sheet, frame, common);
  curves.forEach(({ points }, i) => {
    if (points) drawPoints(sheet, frame, points, two ? ink.pair[i] : ink.data, i > 0);
  });
  curves.forEach(({ lines }, i) => {
    // Two filters at a time: the first line of each, so that colour and dashes tell the filter.
    const drawn = two ? lines.slice(0, 1) : lines;
    drawn.forEach((line, k) => drawLine(
      sheet, frame, { ...line, dashed: two ? i > 0 : line.dashed }, ink.pair[two ? i : k],
    ));
  });
  const entries = two
    ? shown.map(({ name }, i) => ({ name, colour: ink.pair[i], dashed: i > 0 }))
    : curves[0].lines.map((line, k) => ({ ...line, colour: ink.pair[k] }));
  const end = frame.y(curves[0].lines[0]?.ys.at(-1) ?? NaN);
  const low = end < (frame.top + frame.bottom) / 2;
  drawLegend(sheet, frame, entries.filter(({ name }) => name), low);
}
