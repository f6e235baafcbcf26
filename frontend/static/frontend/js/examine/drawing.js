// @ts-check
/** Drawing inside the axes of a plot: lines, points, marks and the legend. */

/** @typedef {import("./plot-canvas.js").Plot} Plot */
/** @typedef {import("./axes.js").Frame} Frame */
/** @typedef {{name: string, xs: number[], ys: number[], dashed: boolean}} Line broken at NaN */
/**
 * @typedef {object} Curve
 * @property {string} xLabel
 * @property {[number, number]} xRange
 * @property {string} yLabel with the unit
 * @property {[number[], number[]] | null} points
 * @property {Line[]} lines
 * @property {Array<[number, string]>} marks x values with a vertical line, and their names
 * @property {boolean} logCounts true if y counts pixels on a logarithmic axis
 * @property {{low: number, high: number, label: string} | null} relative y values that are drawn as
 *   0 and 1 when two filters are compared; null if y has the same unit in both
 */

/**
 * Draw a line.
 * @param {Pick<Plot, "context">} plot @param {Pick<Frame, "x" | "y">} frame @param {Line} line
 * @param {string} colour
 */
export function drawLine({ context }, frame, { xs, ys, dashed }, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.setLineDash(dashed ? [5, 3] : []);
  context.beginPath();
  let connected = false;
  xs.forEach((x, i) => {
    const finite = Number.isFinite(ys[i]);
    if (finite && connected) context.lineTo(frame.x(x), frame.y(ys[i]));
    else if (finite) context.moveTo(frame.x(x), frame.y(ys[i]));
    connected = finite;
  });
  context.stroke();
  context.setLineDash([]);
}

/**
 * Draw points as dots or as circles.
 * @param {Plot} plot @param {Frame} frame @param {[number[], number[]]} points
 * @param {string} colour @param {boolean} hollow
 */
export function drawPoints({ context }, frame, [xs, ys], colour, hollow) {
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  xs.forEach((x, i) => {
    const [left, top] = [frame.x(x), frame.y(ys[i])];
    context.moveTo(left + 1.8, top);
    context.arc(left, top, 1.8, 0, 2 * Math.PI);
  });
  if (hollow) context.stroke();
  else context.fill();
}

/** Draw named vertical lines. @param {Plot} plot @param {Frame} frame @param {Curve["marks"]} marks */
export function drawVerticalLines({ context, colours }, frame, marks) {
  context.strokeStyle = colours.line;
  context.fillStyle = colours.quiet;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const [value, name] of marks) {
    const x = Math.round(frame.x(value)) - 0.5;
    context.beginPath();
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.bottom);
    context.stroke();
    context.fillText(name, x + 5, frame.top + 5);
  }
}

/**
 * Draw the legend at the right.
 * @param {Plot} plot @param {Frame} frame
 * @param {Array<{name: string, colour: string, dashed: boolean}>} entries
 * @param {boolean} atBottom true if the curve ends at the top
 */
export function drawLegend({ context, colours }, frame, entries, atBottom) {
  context.textBaseline = "middle";
  context.textAlign = "right";
  entries.forEach(({ name, colour, dashed }, i) => {
    const y = atBottom ? frame.bottom - 8 - 14 * (entries.length - 1 - i) : frame.top + 7 + 14 * i;
    const end = frame.right - 4 - context.measureText(name).width;
    context.fillStyle = colours.text;
    context.fillText(name, frame.right, y);
    const sample = { name, xs: [end - 18, end - 2], ys: [y, y], dashed };
    drawLine({ context }, { x: Number, y: Number }, sample, colour);
  });
}
