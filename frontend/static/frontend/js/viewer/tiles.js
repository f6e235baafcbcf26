// @ts-check
/** The tiles of the filter strip: a figure for each filter, and one for the enlarged filter. */
import { element, setText } from "../lib/dom.js";
import { formatMagnitude } from "./facts.js";
import { scaleBar } from "./geometry.js";
import { N_FILTERS } from "./stamp.js";
import { Tile } from "./tile.js";

/** @typedef {import("./load.js").Band} Band */
/** @typedef {import("./load.js").Candidate} Candidate */
/** @typedef {import("./viewport.js").Point} Point */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** Index of the enlarged tile, after those of the filters. */
export const ENLARGED = N_FILTERS;

/** Write filter, magnitude and label of a tile. @param {Element} figure @param {Band} band */
function writeCaption(figure, band) {
  const magnitude = formatMagnitude(band);
  const missing = `Not observed in ${band.filter || band.band}`;
  setText(figure, ".band", band.band);
  setText(figure, ".filter", band.filter);
  setText(figure, ".mag", magnitude);
  setText(figure, ".note", band.observed ? "" : missing);
  const label = `${band.band} stamp, ${band.filter}, ${band.observed ? magnitude : missing}`;
  element(figure, "canvas", HTMLCanvasElement).setAttribute("aria-label", label);
}

/** @param {number | undefined} value in the image's unit; undefined beyond the stamp */
function formatValue(value) {
  if (value === undefined) return "";
  return Number.isNaN(value) ? "no data" : value.toPrecision(4);
}

/** All tiles of the page, drawn with one viewport. */
export class Tiles {
  /** @type {HTMLElement[]} */ #figures;
  /** @type {Tile[]} */ #tiles;
  #bandOf;

  /** @param {HTMLElement} root @param {(tile: number) => number} bandOf filter of a tile */
  constructor(root, bandOf) {
    this.#bandOf = bandOf;
    this.#figures = /** @type {HTMLElement[]} */ (
      [...root.querySelectorAll(".filter-strip .tile"), element(root, "#enlarged", HTMLElement)]
    );
    this.#tiles = this.#figures.map((figure) => (
      new Tile(element(figure, "canvas", HTMLCanvasElement))
    ));
  }

  /** The canvas of each tile. */
  get canvases() {
    return this.#tiles.map(({ canvas }) => canvas);
  }

  /** Show or hide the enlarged tile. @param {boolean} open */
  showEnlarged(open) {
    this.#figures[ENLARGED].hidden = !open;
  }

  /** Outline the tile of the selected filter. @param {number} band */
  markSelected(band) {
    this.#figures.slice(0, N_FILTERS).forEach((figure, i) => {
      figure.classList.toggle("active", i === band);
    });
  }

  /**
   * Set the pixels of each tile.
   * @param {Candidate | null} candidate @param {Int16Array[]} levels for each filter
   * @param {Uint8ClampedArray} palette
   */
  setLevels(candidate, levels, palette) {
    this.#tiles.forEach((tile, i) => {
      const band = this.#bandOf(i);
      if (levels[band] && candidate?.item.bands[band].observed) tile.setLevels(levels[band], palette);
      else tile.removeImage();
    });
  }

  /**
   * Draw each tile; the first observed filter and the enlarged one carry compass and scale bar.
   * @param {Candidate | null} candidate @param {Viewport} viewport @param {Point | null} crosshair
   */
  draw(candidate, viewport, crosshair) {
    const item = candidate?.item;
    const first = item?.bands.findIndex(({ observed }) => observed);
    this.#tiles.forEach((tile, i) => {
      if (!item) return tile.clear();
      const marked = i === first || i === ENLARGED;
      // Without a WCS north is not known.
      const north = marked && item.north_deg !== null
        ? { deg: item.north_deg, eastLeft: item.east_left } : null;
      const bar = marked ? scaleBar(viewport.span, item.pixel_scale_arcsec, item.distance_mpc) : null;
      const position = { x: item.stamp_x, y: item.stamp_y };
      tile.draw(viewport, { candidate: position, crosshair, north, bar });
    });
  }

  /** Write filters and magnitudes. @param {Candidate | null} candidate */
  writeCaptions(candidate) {
    if (!candidate) return;
    this.#figures.forEach((figure, i) => writeCaption(figure, candidate.item.bands[this.#bandOf(i)]));
  }

  /**
   * Write the value of a pixel in each filter.
   * @param {Candidate | null} candidate @param {number | null} index of the pixel
   */
  writeValues(candidate, index) {
    this.#figures.forEach((figure, i) => {
      const band = this.#bandOf(i);
      const observed = index !== null && candidate?.item.bands[band].observed;
      setText(figure, ".value", formatValue(observed ? candidate?.planes?.[band][index] : undefined));
    });
  }
}
