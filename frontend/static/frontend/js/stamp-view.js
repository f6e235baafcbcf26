// @ts-check
/**
 * One filter's stamp on a canvas: nearest neighbour, origin lower, NaN hatched.
 *
 * The canvas shows n × n pixels; array pixel (x, y) fills the square from x/n to (x + 1)/n of the
 * width, and y from below.
 */
import { penOf, hatching } from "./canvas.js";
import { drawCross, drawTicks } from "./overlay.js";
import { NO_DATA } from "./stretch.js";

/** @typedef {{x: number, y: number}} Point array pixels from 0, centres are integers, y upwards */

export class StampView {
  /** @type {HTMLCanvasElement} the stamp at one dot a pixel */ #image = document.createElement("canvas");
  /** @type {Point[]} */ #holes = [];
  /** @type {Point | null} */ #candidate = null;
  #n = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /**
   * @param {Int16Array} levels n × n grey levels from `grey`, row 0 lowest
   * @param {number} n
   * @param {Point} candidate
   */
  set(levels, n, candidate) {
    this.#n = n;
    this.#candidate = candidate;
    this.#holes = [];
    this.#image.width = this.#image.height = n;
    const pixels = new ImageData(n, n);
    levels.forEach((level, index) => {
      const [x, y] = [index % n, Math.floor(index / n)];
      if (level === NO_DATA) this.#holes.push({ x, y });
      const dot = 4 * ((n - 1 - y) * n + x);
      pixels.data.fill(level, dot, dot + 3);
      pixels.data[dot + 3] = 255;
    });
    this.#image.getContext("2d")?.putImageData(pixels, 0, 0);
  }

  /** Nothing to show: the filter was not observed, or there is no candidate. */
  clear() {
    this.#n = 0;
  }

  /** @param {Point | null} cross where the pointer is, on whichever stamp */
  draw(cross) {
    const { pen, side } = penOf(this.canvas);
    pen.clearRect(0, 0, side, side);
    if (this.#n === 0) return;
    pen.drawImage(this.#image, 0, 0, side, side);
    this.#hatch(pen, side / this.#n, side);
    if (this.#candidate) drawTicks(pen, ...this.#place(this.#candidate, side), 0.13 * side);
    if (cross) drawCross(pen, ...this.#place(cross, side), side);
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} scale @param {number} side */
  #hatch(pen, scale, side) {
    if (this.#holes.length === 0) return;
    pen.fillStyle = hatching(pen);
    for (const { x, y } of this.#holes) {
      pen.fillRect(x * scale, side - (y + 1) * scale, scale, scale);
    }
  }

  /** @param {Point} point @param {number} side @returns {[number, number]} CSS pixels */
  #place({ x, y }, side) {
    const scale = side / this.#n;
    return [(x + 0.5) * scale, side - (y + 0.5) * scale];
  }

  /**
   * The array pixel under the pointer, as a fraction, or null outside.
   * @param {PointerEvent} event @returns {Point | null}
   */
  pointAt(event) {
    const box = this.canvas.getBoundingClientRect();
    if (this.#n === 0) return null;
    const x = ((event.clientX - box.left) / box.width) * this.#n - 0.5;
    const y = ((box.bottom - event.clientY) / box.height) * this.#n - 0.5;
    const inside = [x, y].every((place) => place >= -0.5 && place < this.#n - 0.5);
    return inside ? { x, y } : null;
  }
}
