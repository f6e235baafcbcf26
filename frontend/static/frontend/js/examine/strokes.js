// @ts-check
/** What is drawn inside a frame: lines, points, marks and the legend. */

/** @typedef {import("./sheet.js").Sheet} Sheet */
/** @typedef {import("./axes.js").Frame} Frame */
/** @typedef {{name: string, xs: number[], ys: number[], dashed: boolean}} Line NaN breaks it */
/**
 * @typedef {object} Curve
 * @property {string} xLabel
 * @property {[number, number]} xRange
 * @property {string} yLabel with the unit
 * @property {[number[], number[]] | null} points
 * @property {Line[]} lines
 * @property {Array<[number, string]>} marks places on the x axis worth a thin line, and their names
 * @property {boolean} logCounts whether y counts pixels on a logarithmic axis
 * @property {{zero: number, one: number, label: string} | null} relative what 0 and 1 are where two
 *   filters are compared; null where they share the unit
 */

/** @param {Sheet} sheet @param {Frame} frame @param {Line} line @param {string} colour */
export function drawLine({ pen }, frame, { xs, ys, dashed }, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.setLineDash(dashed ? [5, 3] : []);
  pen.beginPath();
  let down = false;
  xs.forEach((x, i) => {
    const known = Number.isFinite(ys[i]);
    if (known && down) pen.lineTo(frame.x(x), frame.y(ys[i]));
    else if (known) pen.moveTo(frame.x(x), frame.y(ys[i]));
    down = known;
  });
  pen.stroke();
  pen.setLineDash([]);
}

/**
 * @param {Sheet} sheet @param {Frame} frame @param {[number[], number[]]} points
 * @param {string} colour @param {boolean} hollow
 */
export function drawPoints({ pen }, frame, [xs, ys], colour, hollow) {
  pen.fillStyle = pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  xs.forEach((x, i) => {
    const [left, top] = [frame.x(x), frame.y(ys[i])];
    pen.moveTo(left + 1.8, top);
    pen.arc(left, top, 1.8, 0, 2 * Math.PI);
  });
  if (hollow) pen.stroke();
  else pen.fill();
}

/** @param {Sheet} sheet @param {Frame} frame @param {Curve["marks"]} marks */
export function drawMarks({ pen, ink }, frame, marks) {
  pen.strokeStyle = ink.line;
  pen.fillStyle = ink.quiet;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  for (const [place, name] of marks) {
    const x = Math.round(frame.x(place)) - 0.5;
    pen.beginPath();
    pen.moveTo(x, frame.top);
    pen.lineTo(x, frame.bottom);
    pen.stroke();
    pen.fillText(name, x + 5, frame.top + 5);
  }
}

/**
 * @param {Sheet} sheet @param {Frame} frame
 * @param {Array<{name: string, colour: string, dashed: boolean}>} entries
 * @param {boolean} low at the bottom, because the curve ends at the top
 */
export function drawLegend({ pen, ink }, frame, entries, low) {
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  entries.forEach(({ name, colour, dashed }, i) => {
    const y = low ? frame.bottom - 8 - 14 * (entries.length - 1 - i) : frame.top + 7 + 14 * i;
    const end = frame.right - 4 - pen.measureText(name).width;
    pen.fillStyle = ink.text;
    pen.fillText(name, frame.right, y);
    drawLine({ pen, ink, width: 0, height: 0 }, { ...frame, x: Number, y: Number }, {
      name, xs: [end - 18, end - 2], ys: [y, y], dashed,
    }, colour);
  });
}
