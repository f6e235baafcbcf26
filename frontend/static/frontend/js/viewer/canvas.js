// @ts-check
/** A square canvas at the screen's own resolution. */

/** Fewer dots than that for an array pixel would move its edges, and with them the sources. */
const DOTS_PER_PIXEL = 4;

/**
 * The pen of a canvas, in CSS pixels, on a picture as sharp as the screen; and its side.
 * @param {HTMLCanvasElement} canvas @param {number} [span] array pixels across, if there are any
 * @returns {{pen: CanvasRenderingContext2D, side: number}}
 */
export function penOf(canvas, span = 0) {
  const side = canvas.clientWidth;
  const screen = Math.max(1, Math.round(side * window.devicePixelRatio));
  const dots = screen * Math.max(1, Math.ceil((DOTS_PER_PIXEL * span) / screen));
  if (canvas.width !== dots) {
    canvas.width = dots;
    canvas.height = dots;
  }
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(dots / side, 0, 0, dots / side, 0, 0);
  pen.imageSmoothingEnabled = false;
  return { pen, side };
}

/** @type {HTMLCanvasElement | null} */
let tile = null;

/**
 * Diagonal lines for "no data", so that it is never taken for black or zero.
 * @param {CanvasRenderingContext2D} pen
 */
export function hatching(pen) {
  if (tile === null) {
    tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const inner = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
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
  return /** @type {CanvasPattern} */ (pen.createPattern(tile, "repeat"));
}
