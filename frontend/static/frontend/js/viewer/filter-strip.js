// @ts-check
/** The five filters of a candidate side by side, one of them enlarged, with a linked viewport. */
import { palette } from "./colour-map.js";
import { NEUTRAL, contrastBiasAt } from "./contrast-bias.js";
import { FilterSelection } from "./filter-selection.js";
import { listenForGestures } from "./gestures.js";
import { stampLevels } from "./stamp-levels.js";
import { ENLARGED, Tiles } from "./tiles.js";
import { arrayPosition, centre, homeViewport, pan, pixelIndex, zoom } from "./viewport.js";

/** @typedef {import("./load.js").Candidate} Candidate */
/** @typedef {import("./viewport.js").Point} Point */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {{onMove(): void, onAdjust(): void}} StripListener crosshair, viewport; contrast, filter */

/** Shows the stamps by the display settings, and holds viewport, crosshair and selection. */
export class FilterStrip {
  /** @type {Candidate | null} */ candidate = null;
  /** @type {Viewport} */ viewport = { x: 49.5, y: 49.5, span: 50 };
  /** @type {Point | null} position of the pointer or the last touch */ crosshair = null;
  /** @type {import("./limits.js").Limits[]} limits in use, for each filter */ limits = [];
  selection = new FilterSelection({
    onSelect: (band) => { this.#tiles.markSelected(band); this.#listener.onAdjust(); },
    onEnlarge: () => this.#showEnlarged(),
  });
  /** @type {Int16Array[]} */ #levels = [];
  /** @type {Float32Array[] | null} stamps of #levels */ #planes = null;
  #display; #listener; #tiles;

  /**
   * @param {HTMLElement} root @param {import("./settings.js").Display} display shared with controls
   * @param {StripListener} listener
   */
  constructor(root, display, listener) {
    const { selection } = this;
    this.#display = display;
    this.#listener = listener;
    this.#tiles = new Tiles(root, (tile) => selection.bandOf(tile));
    this.#tiles.canvases.forEach((canvas, tile) => {
      listenForGestures(canvas, this.gestures(tile));
      canvas.addEventListener("focus", () => selection.select(selection.bandOf(tile)));
    });
  }

  /**
   * Return the gestures over a tile, or over another image of the same viewport.
   * @param {number} [tile] @returns {import("./gestures.js").GestureHandlers}
   */
  gestures(tile = ENLARGED) {
    const { selection } = this;
    /** @param {Point} position */
    const pointAt = (position) => arrayPosition(this.viewport, position);
    return {
      hover: (position) => this.point(position && pointAt(position), selection.bandOf(tile)),
      select: (position) => {
        selection.select(selection.bandOf(tile));
        this.point(pointAt(position), selection.band);
      },
      enlarge: () => selection.toggleEnlarged(selection.bandOf(tile)),
      zoom: (factor, position) => this.move(zoom(this.viewport, factor, pointAt(position))),
      pan: (right, down) => this.move(pan(this.viewport, right, down)),
      centre: (position) => this.move(centre(this.viewport, pointAt(position))),
      adjust: (position) => this.adjust(contrastBiasAt(position)),
      resetContrast: () => this.adjust(NEUTRAL),
    };
  }

  /** Scale relative to the chosen view. */
  get zoom() {
    return this.#display.view / this.viewport.span;
  }

  /** The crosshair if it is to be drawn. */
  get visibleCrosshair() {
    return this.#display.crosshair ? this.crosshair : null;
  }

  /** Set contrast and bias. @param {{contrast: number, bias: number}} settings */
  adjust({ contrast, bias }) {
    Object.assign(this.#display, { contrast, bias });
    this.recolour();
    this.#listener.onAdjust();
  }

  /**
   * Show another candidate, or the same one after its stamps have arrived.
   * @param {Candidate | null} candidate
   * @returns {boolean} true if the pixels have changed
   */
  show(candidate) {
    const isOther = candidate !== this.candidate;
    this.candidate = candidate;
    if (isOther) {
      const scale = this.zoom;
      this.point(null, this.selection.band);
      this.resetViewport(scale);
      this.#tiles.writeCaptions(candidate);
    }
    const changed = isOther || (candidate?.planes ?? null) !== this.#planes;
    if (changed) this.restretch();
    return changed;
  }

  /** Centre on the candidate at a zoom. @param {number} [scale] */
  resetViewport(scale = 1) {
    if (this.candidate) this.move(homeViewport(this.candidate.item, this.#display.view, scale));
  }

  /** Set the viewport. @param {Viewport} viewport */
  move(viewport) {
    this.viewport = viewport;
    this.draw();
    this.#listener.onMove();
  }

  /** Apply the settings of stretch and limits, then those of colour. */
  restretch() {
    const { planes, side } = this.candidate ?? { planes: null, side: 0 };
    this.#planes = planes;
    ({ limits: this.limits, levels: this.#levels } = planes
      ? stampLevels(planes, side, this.#display) : { limits: [], levels: [] });
    this.recolour();
  }

  /** Apply colour map, inversion, contrast and bias. */
  recolour() {
    this.#tiles.setLevels(this.candidate, this.#levels, palette(this.#display));
    this.draw();
  }

  /** Draw all tiles. */
  draw() {
    this.#tiles.draw(this.candidate, this.viewport, this.visibleCrosshair);
  }

  /** Set the crosshair, and select the filter under it. @param {Point | null} point @param {number} band */
  point(point, band) {
    this.crosshair = point;
    if (point) this.selection.point(band);
    this.#writeValues();
    this.draw();
    this.#listener.onMove();
  }

  #showEnlarged() {
    this.#tiles.showEnlarged(this.selection.enlarged !== null);
    this.#tiles.writeCaptions(this.candidate);
    this.#writeValues();
    this.recolour();
  }

  #writeValues() {
    this.#tiles.writeValues(this.candidate, this.crosshair && pixelIndex(this.crosshair));
  }
}
