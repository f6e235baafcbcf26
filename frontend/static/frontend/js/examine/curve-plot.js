// @ts-check
/** A plot of points and lines: of one filter, or of two for comparison. */
import { drawAxes } from "./axes.js";
import { linearScale, logarithmicScale } from "./axis-scale.js";
import { drawLegend, drawLine, drawPoints, drawVerticalLines } from "./drawing.js";
import { drawMessage } from "./plot-canvas.js";

/** @typedef {import("./plot-canvas.js").Plot} Plot */
/** @typedef {import("./axes.js").Frame} Frame */
/** @typedef {import("./drawing.js").Curve} Curve */
/** @typedef {{name: string, curve: Curve}} NamedCurve */

/** @param {Curve} curve @returns {boolean} true if it can be scaled to its own height */
const isScalable = ({ relative }) => relative !== null && relative.high > relative.low;

/** Scale a curve to its own height. @param {Curve} curve @returns {Curve} */
function scaleToHeight(curve) {
  const { low, high, label } = /** @type {NonNullable<Curve["relative"]>} */ (curve.relative);
  const scale = (/** @type {number[]} */ ys) => ys.map((y) => (y - low) / (high - low));
  return {
    ...curve,
    yLabel: label,
    points: curve.points && [curve.points[0], scale(curve.points[1])],
    lines: curve.lines.map((line) => ({ ...line, ys: scale(line.ys) })),
  };
}

/** @param {number[]} values @returns {[number, number]} the finite extremes */
function extremes(values) {
  return values.filter(Number.isFinite).reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity],
  );
}

/** @param {Curve[]} curves @returns {[number, number]} the lowest and the highest y, if any */
const yExtremes = (curves) => extremes(curves.flatMap(({ points, lines }) => (
  [...(points?.[1] ?? []), ...lines.flatMap((line) => line.ys)]
)));

/** @param {Plot} plot @param {Curve[]} curves @returns {Frame} */
function drawAxesOf(plot, curves) {
  const [{ xLabel, yLabel, logCounts }] = curves;
  const [left, right] = extremes(curves.flatMap(({ xRange }) => xRange));
  const [low, high] = yExtremes(curves);
  const margin = 0.05 * (high - low);
  const xScale = linearScale(left, right, Math.max(3, Math.floor(plot.width / 60)));
  const count = Math.max(3, Math.floor(plot.height / 36));
  const yScale = logCounts
    ? logarithmicScale(high) : linearScale(low - margin, high + margin, count);
  return drawAxes(plot, xScale, yScale, { x: xLabel, y: yLabel });
}

/**
 * Draw one curve, or two to compare.
 * @param {Plot} plot @param {NamedCurve[]} named
 */
export function drawCurves(plot, named) {
  const { series, data } = plot.colours;
  const two = named.length > 1;
  const relative = two && named.every(({ curve }) => isScalable(curve));
  const curves = named.map(({ curve }) => (relative ? scaleToHeight(curve) : curve));
  if (!Number.isFinite(yExtremes(curves)[0])) {
    drawMessage(plot, "Nothing to plot");
    return;
  }
  const frame = drawAxesOf(plot, curves);
  // Of two curves only the marks at the same x.
  const markedXs = curves.map(({ marks }) => marks.map(([x]) => x));
  const marks = curves[0].marks.filter(([x]) => markedXs.every((xs) => xs.includes(x)));
  drawVerticalLines(plot, frame, marks);
  curves.forEach(({ points }, i) => {
    if (points) drawPoints(plot, frame, points, two ? series[i] : data, i > 0);
  });
  curves.forEach(({ lines }, i) => {
    // Of two curves only the first line each, so that colour and dashes stand for the filter.
    const drawn = two ? lines.slice(0, 1) : lines;
    drawn.forEach((line, k) => drawLine(
      plot, frame, { ...line, dashed: two ? i > 0 : line.dashed }, series[two ? i : k],
    ));
  });
  const entries = two
    ? named.map(({ name }, i) => ({ name, colour: series[i], dashed: i > 0 }))
    : curves[0].lines.map((line, k) => ({ ...line, colour: series[k] }));
  const end = frame.y(curves[0].lines[0]?.ys.at(-1) ?? NaN);
  const endsAtTop = end < (frame.top + frame.bottom) / 2;
  drawLegend(plot, frame, entries.filter(({ name }) => name), endsAtTop);
}
