// @ts-check
/** Square canvases at the resolution of the screen. */

/** With fewer dots per array pixel, rounding would visibly move the pixels' edges. */
const DOTS_PER_PIXEL = 4;

/**
 * Set up a canvas at the screen's resolution, to be drawn on in CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} [span] array pixels across, if there are any
 * @returns {{context: CanvasRenderingContext2D, side: number}} side in CSS pixels
 */
export function prepareCanvas(canvas, span = 0) {
  const side = canvas.clientWidth;
  const screen = Math.max(1, Math.round(side * window.devicePixelRatio));
  const dots = screen * Math.max(1, Math.ceil((DOTS_PER_PIXEL * span) / screen));
  if (canvas.width !== dots) {
    canvas.width = dots;
    canvas.height = dots;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(dots / side, 0, 0, dots / side, 0, 0);
  context.imageSmoothingEnabled = false;
  return { context, side };
}

/** Clear a canvas. @param {HTMLCanvasElement} canvas */
export function clearCanvas(canvas) {
  const { context, side } = prepareCanvas(canvas);
  context.clearRect(0, 0, side, side);
}

/** @type {HTMLCanvasElement | null} */
let patternCanvas = null;

/**
 * Return a pattern of diagonal lines that marks pixels without data, distinct from every grey.
 * @param {CanvasRenderingContext2D} context
 */
export function hatchPattern(context) {
  if (patternCanvas === null) {
    patternCanvas = document.createElement("canvas");
    patternCanvas.width = patternCanvas.height = 8;
    const inner = /** @type {CanvasRenderingContext2D} */ (patternCanvas.getContext("2d"));
    inner.fillStyle = "#3a3f47";
    inner.fillRect(0, 0, 8, 8);
    inner.strokeStyle = "#767e8a";
    inner.lineWidth = 1.5;
    for (const shift of [-8, 0, 8]) {
      inner.moveTo(shift, 8);
      inner.lineTo(shift + 8, 0);
    }
    inner.stroke();
  }
  return /** @type {CanvasPattern} */ (context.createPattern(patternCanvas, "repeat"));
}
