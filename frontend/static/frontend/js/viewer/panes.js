// @ts-check
/** The pictures of the strip on the page: a figure for each filter, and a large one. */
import { caption, reading } from "./captions.js";
import { element, text } from "../lib/dom.js";
import { scaleBar } from "./geometry.js";
import { StampView } from "./stamp-view.js";

/** @typedef {import("./load.js").Loaded} Loaded */
/** @typedef {import("./viewport.js").Point} Point */
/** @typedef {import("./viewport.js").Viewport} Viewport */

export const BANDS = 5;
/** The place of the large picture, behind those of the filters. */
export const LARGE = BANDS;

export class Panes {
  /** @type {HTMLElement[]} */ #figures;
  /** @type {StampView[]} */ #views;
  #bandOf;

  /**
   * @param {HTMLElement} root @param {(pane: number) => number} bandOf the filter that a pane shows
   */
  constructor(root, bandOf) {
    this.#bandOf = bandOf;
    this.#figures = /** @type {HTMLElement[]} */ (
      [...root.querySelectorAll(".filter-strip figure"), element(root, "#enlarged", HTMLElement)]
    );
    this.#views = this.#figures.map((figure) => new StampView(element(figure, "canvas", HTMLCanvasElement)));
  }

  get canvases() {
    return this.#views.map(({ canvas }) => canvas);
  }

  /** @param {boolean} open */
  showLarge(open) {
    this.#figures[LARGE].hidden = !open;
  }

  /** @param {Loaded | null} loaded @param {Int16Array[]} levels @param {Uint8ClampedArray} colours */
  colour(loaded, levels, colours) {
    this.#views.forEach((view, i) => {
      const band = this.#bandOf(i);
      if (levels[band] && loaded?.item.bands[band].observed) view.set(levels[band], colours);
      else view.clear();
    });
  }

  /** @param {Loaded | null} loaded @param {Viewport} viewport @param {Point | null} cross */
  draw(loaded, viewport, cross) {
    const item = loaded?.item;
    const leading = item?.bands.findIndex(({ observed }) => observed);
    this.#views.forEach((view, i) => {
      if (!item) return view.wipe();
      const marked = i === leading || i === LARGE;
      // Without coordinates nobody knows where north is.
      const north = marked && item.north_deg !== null ? { deg: item.north_deg, eastLeft: item.east_left } : null;
      const bar = marked ? scaleBar(viewport.span, item.pixel_scale_arcsec, item.distance_mpc) : null;
      view.draw(viewport, { candidate: { x: item.stamp_x, y: item.stamp_y }, cross, north, bar });
    });
  }

  /** Filters and magnitudes. @param {Loaded | null} loaded */
  caption(loaded) {
    if (loaded) this.#figures.forEach((figure, i) => caption(figure, loaded.item.bands[this.#bandOf(i)]));
  }

  /** The values of a pixel in each filter. @param {Loaded | null} loaded @param {number | null} index */
  read(loaded, index) {
    this.#figures.forEach((figure, i) => {
      const band = this.#bandOf(i);
      const observed = index !== null && loaded?.item.bands[band].observed;
      text(figure, ".value", reading(observed ? loaded?.planes?.[band][index] : undefined));
    });
  }
}
