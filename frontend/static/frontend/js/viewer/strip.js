// @ts-check
/** The five filters of a candidate side by side, and one of them enlarged: one view, linked. */
import { NEUTRAL, dragged, palette } from "./colours.js";
import { listenToHands } from "./gestures.js";
import { LARGE, Panes } from "./panes.js";
import { scaled } from "./scaling.js";
import { centred, home, indexOf, panned, pointAt, zoomed } from "./viewport.js";

/** @typedef {import("./load.js").Loaded} Loaded */
/** @typedef {import("./settings.js").Display} Display */
/** @typedef {import("./viewport.js").Point} Point */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/**
 * `moved`: the cross or the view has changed; `chosen`: the filter; `adjusted`: contrast or bias.
 * @typedef {{moved(): void, chosen(): void, adjusted(): void}} Listener
 */

export class Strip {
  /** @type {Loaded | null} */ loaded = null;
  /** @type {Viewport} */ viewport = { x: 49.5, y: 49.5, span: 50 };
  /** The filter that keys without a pointer mean: V first. */ active = 3;
  /** @type {number | null} the filter in the large picture, if that is open */ enlarged = null;
  /** @type {Point | null} where the pointer is, or the last touch */ cross = null;
  /** @type {import("./limits.js").Limits[]} those in use, a filter each */ limits = [];
  /** @type {Int16Array[]} */ #levels = [];
  /** @type {Float32Array[] | null} those whose levels these are */ #planes = null;
  #display; #listener; #panes;

  /**
   * @param {HTMLElement} root @param {Display} display shared with the controls
   * @param {Listener} listener
   */
  constructor(root, display, listener) {
    this.#display = display;
    this.#listener = listener;
    this.#panes = new Panes(root, (pane) => this.#bandOf(pane));
    this.#panes.canvases.forEach((canvas, pane) => {
      listenToHands(canvas, this.handsOver(pane));
      canvas.addEventListener("focus", () => this.choose(this.#bandOf(pane)));
    });
  }

  /** @param {number} pane @returns {number} */
  #bandOf(pane) {
    return pane === LARGE ? this.enlarged ?? this.active : pane;
  }

  /**
   * What hands do over a picture of the view, that of a filter or of the chosen one.
   * @param {number} [pane] @returns {import("./gestures.js").Hands}
   */
  handsOver(pane = LARGE) {
    /** @param {Point} at */
    const point = (at) => pointAt(this.viewport, at);
    return {
      hover: (at) => this.point(at && point(at), this.#bandOf(pane)),
      choose: (at) => { this.choose(this.#bandOf(pane)); this.point(point(at), this.active); },
      enlarge: () => this.toggle(this.#bandOf(pane)),
      zoom: (factor, at) => this.look(zoomed(this.viewport, factor, point(at))),
      pan: (right, down) => this.look(panned(this.viewport, right, down)),
      centre: (at) => this.look(centred(this.viewport, point(at))),
      adjust: ({ x, y }) => this.adjust(dragged(x, y)),
      neutral: () => this.adjust(NEUTRAL),
    };
  }

  /** How much closer than the chosen view. */
  get zoom() {
    return this.#display.view / this.viewport.span;
  }

  /** @param {{contrast: number, bias: number}} change */
  adjust({ contrast, bias }) {
    Object.assign(this.#display, { contrast, bias });
    this.colour();
    this.#listener.adjusted();
  }

  /**
   * @param {Loaded | null} loaded another candidate, or the same with its stamps
   * @returns {boolean} whether the pixels are others now
   */
  show(loaded) {
    const other = loaded !== this.loaded;
    const planes = loaded?.planes ?? null;
    this.loaded = loaded;
    if (other) {
      const { zoom } = this;
      this.point(null, this.active);
      this.reset(zoom);
      this.#panes.caption(loaded);
    }
    const changed = other || planes !== this.#planes;
    if (changed) this.restretch();
    return changed;
  }

  /** Centres on the candidate. @param {number} [zoom] */
  reset(zoom = 1) {
    if (this.loaded) this.look(home(this.loaded.item, this.#display.view, zoom));
  }

  /** @param {Viewport} viewport */
  look(viewport) {
    this.viewport = viewport;
    this.draw();
    this.#listener.moved();
  }

  /** Applies stretch and limits, then the colours. */
  restretch() {
    const { planes, side } = this.loaded ?? { planes: null, side: 0 };
    this.#planes = planes;
    ({ limits: this.limits, levels: this.#levels } = planes
      ? scaled(planes, side, this.#display) : { limits: [], levels: [] });
    this.colour();
  }

  /** Applies colour map, inversion, contrast and bias. */
  colour() {
    this.#panes.colour(this.loaded, this.#levels, palette(this.#display));
    this.draw();
  }

  draw() {
    this.#panes.draw(this.loaded, this.viewport, this.cross);
  }

  /** @param {Point | null} point @param {number} band */
  point(point, band) {
    this.cross = point;
    if (point) this.#activate(band);
    this.#read();
    this.draw();
    this.#listener.moved();
  }

  /** @param {number} band */
  choose(band) {
    if (this.enlarged !== null) this.enlarge(band);
    else this.#activate(band);
  }

  /** @param {number} band */
  #activate(band) {
    if (band === this.active) return;
    this.active = band;
    this.#listener.chosen();
  }

  /** @param {number} band */
  toggle(band) {
    this.enlarge(this.enlarged === null ? band : null);
  }

  /** Opens the large picture of a filter, or closes it. @param {number | null} band */
  enlarge(band) {
    this.enlarged = band;
    this.#activate(band ?? this.active);
    this.#panes.showLarge(band !== null);
    this.#panes.caption(this.loaded);
    this.#read();
    this.colour();
  }

  /** The next observed filter in the large picture. @param {1 | -1} step */
  blink(step) {
    const bands = this.loaded?.item.bands ?? [];
    const observed = bands.flatMap((band, i) => (band.observed ? [i] : []));
    if (this.enlarged === null || observed.length === 0) return this.enlarge(this.active);
    const from = observed.indexOf(this.active);
    this.enlarge(observed[(from + step + observed.length) % observed.length]);
  }

  /** The values under the cross. */
  #read() {
    this.#panes.read(this.loaded, this.cross && indexOf(this.cross));
  }
}
