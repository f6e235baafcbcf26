// @ts-check
/** One filter's stamp on a canvas: nearest neighbour, origin lower, hatched where NaN. */
import { hatching, penOf } from "./canvas.js";
import { drawCompass, drawCross, drawScaleBar, drawTicks } from "./overlay.js";
import { NO_DATA } from "./stretch.js";
import { STAMP_PX, shareOf } from "./viewport.js";

/** @typedef {import("./viewport.js").Point} Point */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/**
 * What is drawn over the pixels; the scale bar's length in pixels of the stamp.
 * @typedef {{candidate: Point, cross: Point | null, north: {deg: number, eastLeft: boolean} | null,
 *   bar: {px: number, text: string} | null}} Marks
 */

export class StampView {
  /** the stamp at one dot a pixel, empty where there is no data */
  #image = new OffscreenCanvas(STAMP_PX, STAMP_PX);
  #there = false;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** @param {Int16Array} levels of the whole stamp, row 0 lowest @param {Uint8ClampedArray} palette */
  set(levels, palette) {
    const pixels = new ImageData(STAMP_PX, STAMP_PX);
    const dots = new Uint32Array(pixels.data.buffer);
    const colours = new Uint32Array(palette.buffer);
    for (let y = 0; y < STAMP_PX; y += 1) {
      const row = (STAMP_PX - 1 - y) * STAMP_PX;
      for (let x = 0; x < STAMP_PX; x += 1) {
        const level = levels[y * STAMP_PX + x];
        if (level !== NO_DATA) dots[row + x] = colours[level];
      }
    }
    this.#image.getContext("2d")?.putImageData(pixels, 0, 0);
    this.#there = true;
  }

  /** Nothing to show: the filter was not observed, or there is no candidate. */
  clear() {
    this.#there = false;
  }

  /** Nothing on the canvas either. */
  wipe() {
    const { pen, side } = penOf(this.canvas);
    pen.clearRect(0, 0, side, side);
  }

  /** @param {Viewport} viewport @param {Marks} marks */
  draw(viewport, marks) {
    if (this.canvas.clientWidth === 0) return; // hidden
    const { pen, side } = penOf(this.canvas, viewport.span);
    pen.clearRect(0, 0, side, side);
    if (!this.#there) return;
    // Beyond the stamp there is no data either.
    pen.fillStyle = hatching(pen);
    pen.fillRect(0, 0, side, side);
    const scale = side / viewport.span;
    const corner = shareOf(viewport, { x: -0.5, y: STAMP_PX - 0.5 });
    pen.drawImage(this.#image, corner.x * side, corner.y * side, STAMP_PX * scale, STAMP_PX * scale);
    drawMarks(pen, side, viewport, marks);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen @param {number} side @param {Viewport} viewport
 * @param {Marks} marks
 */
export function drawMarks(pen, side, viewport, { candidate, cross, north, bar }) {
  const place = shareOf(viewport, candidate);
  drawTicks(pen, place.x * side, place.y * side, (6.5 * side) / viewport.span);
  if (cross) {
    const at = shareOf(viewport, cross);
    drawCross(pen, at.x * side, at.y * side, side);
  }
  if (north) drawCompass(pen, north.deg, north.eastLeft, side);
  if (bar) drawScaleBar(pen, (bar.px * side) / viewport.span, bar.text, side);
}
