// @ts-check
/** Which filter is selected, and which one the enlarged tile shows. */
import { ENLARGED } from "./tiles.js";

/** @typedef {import("./load.js").Band} Band */
/** @typedef {{onSelect(band: number): void, onEnlarge(): void}} SelectionListener */

/** Index of V, which is selected first. */
const V = 3;

/** The selected filter: keys without a pointer act on it. */
export class FilterSelection {
  band = V;
  /** @type {number | null} filter of the enlarged tile; null while that is closed */ enlarged = null;
  #listener;

  /** @param {SelectionListener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** Return the filter that a tile shows. @param {number} tile @returns {number} */
  bandOf(tile) {
    return tile === ENLARGED ? this.enlarged ?? this.band : tile;
  }

  /** Select the filter under the pointer; the enlarged tile stays. @param {number} band */
  point(band) {
    if (band === this.band) return;
    this.band = band;
    this.#listener.onSelect(band);
  }

  /** Select a filter; an open enlarged tile shows it. @param {number} band */
  select(band) {
    if (this.enlarged !== null) this.enlarge(band);
    else this.point(band);
  }

  /** Show a filter in the enlarged tile; null closes it. @param {number | null} band */
  enlarge(band) {
    this.enlarged = band;
    this.point(band ?? this.band);
    this.#listener.onEnlarge();
  }

  /** Open the enlarged tile with a filter, or close it. @param {number} [band] */
  toggleEnlarged(band = this.band) {
    this.enlarge(this.enlarged === null ? band : null);
  }

  /** Enlarge the next or previous observed filter. @param {1 | -1} step @param {Band[]} bands */
  blink(step, bands) {
    const observed = bands.flatMap((band, i) => (band.observed ? [i] : []));
    if (this.enlarged === null || observed.length === 0) return this.enlarge(this.band);
    const index = observed.indexOf(this.band);
    this.enlarge(observed[(index + step + observed.length) % observed.length]);
  }
}
