// @ts-check
/** One filter's stamp on a canvas: nearest neighbour, origin lower, hatched where NaN. */
import { clearCanvas, hatchPattern, prepareCanvas } from "./canvas.js";
import { drawMarks } from "./marks.js";
import { STAMP_PX } from "./stamp.js";
import { NO_DATA } from "./stretch.js";
import { imagePosition } from "./viewport.js";

/** The canvas of one filter. */
export class Tile {
  /** the stamp at one dot a pixel, transparent where there is no data */
  #image = new OffscreenCanvas(STAMP_PX, STAMP_PX);
  #hasImage = false;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /**
   * Set the pixels from grey levels and a palette.
   * @param {Int16Array} levels of the whole stamp, row 0 lowest @param {Uint8ClampedArray} palette
   */
  setLevels(levels, palette) {
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
    this.#hasImage = true;
  }

  /** Forget the pixels: the filter was not observed, or the stamp is not loaded. */
  removeImage() {
    this.#hasImage = false;
  }

  /** Clear the canvas. */
  clear() {
    clearCanvas(this.canvas);
  }

  /**
   * Draw the visible region with its marks.
   * @param {import("./viewport.js").Viewport} viewport @param {import("./marks.js").Marks} marks
   */
  draw(viewport, marks) {
    if (this.canvas.clientWidth === 0) return; // hidden
    const { context, side } = prepareCanvas(this.canvas, viewport.span);
    context.clearRect(0, 0, side, side);
    if (!this.#hasImage) return;
    // Beyond the stamp there is no data either.
    context.fillStyle = hatchPattern(context);
    context.fillRect(0, 0, side, side);
    const size = (STAMP_PX * side) / viewport.span;
    const corner = imagePosition(viewport, { x: -0.5, y: STAMP_PX - 0.5 });
    context.drawImage(this.#image, corner.x * side, corner.y * side, size, size);
    drawMarks(context, side, viewport, marks);
  }
}
