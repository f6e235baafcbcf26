// @ts-check
/** What is on show: the stamps, colour pictures and facts of one candidate. */
import { element, text } from "./dom.js";
import { factsOf, formatMagnitude } from "./facts.js";
import { centreCut, positionIn } from "./geometry.js";
import { limitsOf } from "./limits.js";
import { drawCentre, drawContext, wipe } from "./rgb-view.js";
import { StampView } from "./stamp-view.js";
import { grey } from "./stretch.js";

/** @typedef {import("./load.js").Loaded} Loaded */
/** @typedef {import("./settings.js").Display} Display */
/** @typedef {import("./stamp-view.js").Point} Point */

/** @param {number} value in the image's unit */
const reading = (value) => (Number.isNaN(value) ? "no data" : value.toPrecision(4));

export class Stage {
  /** @type {StampView[]} */ #views;
  /** @type {Float32Array[]} the pixels on view, a band each */ #cuts = [];
  /** @type {Loaded | null} */ #loaded = null;
  /** @type {Point | null} */ #cross = null;
  #root; #scene; #display; #context; #centre;

  /** @param {HTMLElement} root @param {Display} display shared with the controls */
  constructor(root, display) {
    this.#root = root;
    this.#scene = root.matches(".stage") ? root : element(root, ".stage", HTMLElement);
    this.#display = display;
    this.#context = element(root, "#rgb", HTMLCanvasElement);
    this.#centre = element(root, "#rgb-centre", HTMLCanvasElement);
    this.#views = [...root.querySelectorAll(".stamps canvas")].map(
      (canvas) => new StampView(/** @type {HTMLCanvasElement} */ (canvas)),
    );
    for (const view of this.#views) {
      view.canvas.addEventListener("pointermove", (event) => this.#point(view.pointAt(event)));
      view.canvas.addEventListener("pointerleave", () => this.#point(null));
    }
    new ResizeObserver(() => this.show(this.#loaded)).observe(element(root, ".stamps", HTMLElement));
  }

  /**
   * Paints the candidate as far as it is loaded.
   * @param {Loaded | null} loaded
   * @returns {boolean} whether every stamp is on the canvas
   */
  show(loaded) {
    const other = loaded !== this.#loaded;
    this.#loaded = loaded;
    if (other) {
      this.#cross = null;
      this.#describe();
    }
    this.#scene.setAttribute("aria-busy", String(loaded !== null && loaded.planes === null));
    if (loaded?.planes) this.restretch();
    else this.#blank();
    this.#paintPictures();
    return Boolean(loaded?.planes);
  }

  /** Applies the display settings to the stamps. */
  restretch() {
    if (!this.#loaded?.planes) return;
    const { item, planes, side } = this.#loaded;
    const { stretch, limits, invert, view: n } = this.#display;
    const candidate = { x: positionIn(item.stamp_x, n), y: positionIn(item.stamp_y, n) };
    this.#cuts = planes.map((plane) => centreCut(plane, side, n));
    this.#views.forEach((view, i) => {
      const cut = this.#cuts[i];
      if (item.bands[i].observed) view.set(grey(cut, limitsOf(cut, limits), stretch, invert), n, candidate);
      else view.clear();
    });
    this.#redraw();
  }

  #blank() {
    this.#cuts = [];
    this.#views.forEach((view) => view.clear());
    this.#redraw();
  }

  #redraw() {
    for (const view of this.#views) view.draw(this.#cross);
  }

  #paintPictures() {
    const loaded = this.#loaded;
    const note = loaded?.rgbFailure ? `No colour picture: ${loaded.rgbFailure}` : "";
    text(this.#root, "#rgb-note", note);
    if (loaded?.rgb) {
      drawContext(this.#context, loaded.rgb, loaded.item, this.#display.view);
      drawCentre(this.#centre, loaded.rgb, loaded.item);
    } else {
      wipe(this.#context);
      wipe(this.#centre);
    }
  }

  #describe() {
    const item = this.#loaded?.item;
    if (!item) return;
    text(this.#root, "#candidate-name", `${item.galaxy} · ${item.catalogue_id}`);
    text(this.#root, "#field-name", item.field);
    element(this.#root, "#simulated", HTMLElement).hidden = !item.simulated;
    element(this.#root, "#edge", HTMLElement).hidden = !item.edge;
    const facts = factsOf(item).flatMap(([name, value]) => [["dt", name], ["dd", value]]);
    element(this.#root, "#facts", HTMLElement).replaceChildren(...facts.map(([tag, content]) => {
      const node = document.createElement(tag);
      node.textContent = content;
      return node;
    }));
    this.#views.forEach((view, i) => this.#caption(view, i));
  }

  /** @param {StampView} view @param {number} i */
  #caption(view, i) {
    const band = /** @type {Loaded} */ (this.#loaded).item.bands[i];
    const figure = /** @type {HTMLElement} */ (view.canvas.closest("figure"));
    const magnitude = formatMagnitude(band);
    text(figure, ".filter", band.filter);
    text(figure, ".mag", magnitude);
    text(figure, ".note", band.observed ? "" : `Not observed in ${band.filter || band.band}`);
    view.canvas.setAttribute("aria-label", `${band.band} stamp, ${band.filter}, ${magnitude}`);
  }

  /** @param {Point | null} point */
  #point(point) {
    this.#cross = point;
    this.#redraw();
    const n = this.#display.view;
    const index = point && Math.round(point.y) * n + Math.round(point.x);
    this.#views.forEach((view, i) => {
      const figure = /** @type {HTMLElement} */ (view.canvas.closest("figure"));
      const known = index !== null && this.#cuts[i] && this.#loaded?.item.bands[i].observed;
      text(figure, ".value", known ? reading(this.#cuts[i][index]) : "");
    });
    text(this.#root, "#place", point ? this.#place(point, n) : "");
  }

  /** @param {Point} point @param {number} n @returns {string} FITS pixel on the mosaic */
  #place(point, n) {
    const item = /** @type {Loaded} */ (this.#loaded).item;
    const x = item.x_pix + point.x - positionIn(item.stamp_x, n);
    const y = item.y_pix + point.y - positionIn(item.stamp_y, n);
    return `x ${x.toFixed(1)}  y ${y.toFixed(1)}`;
  }
}
