// @ts-check
/** The viewer: stamps, colour images and catalogue facts of one candidate. */
import { createElement, element, setText } from "../lib/dom.js";
import { clearCanvas } from "./canvas.js";
import { drawColourCentre, drawSurroundings } from "./colour-image.js";
import { formatPosition } from "./coordinates.js";
import { factsOf } from "./facts.js";
import { FilterStrip } from "./filter-strip.js";
import { listenForGestures } from "./gestures.js";
import { candidateUrl, loadNeighbours } from "./load.js";
import { ZOOM_STEP, zoom } from "./viewport.js";

/** @typedef {import("./load.js").Candidate} Candidate */
/** @typedef {import("./settings.js").Display} Display */
/**
 * `onAdjust`: contrast, bias or the selected filter have changed; `onStamps`: other pixels are
 * shown.
 * @typedef {{onAdjust(): void, onStamps(): void}} ViewerListener
 */

/** Neighbours are loaded only if the candidate is shown for longer than a quick vote takes. */
const NEIGHBOURS_DELAY_MS = 300;

/** Shows one candidate at a time; `strip` holds viewport, crosshair and selected filter. */
export class Viewer {
  /** @type {Candidate | null} */ #candidate = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #neighboursTimer;
  #root; #section; #display; #surroundings; #centre; #listener;

  /**
   * @param {HTMLElement} root @param {Display} display shared with the controls
   * @param {ViewerListener} listener
   */
  constructor(root, display, listener) {
    this.#root = root;
    this.#section = root.matches(".viewer") ? root : element(root, ".viewer", HTMLElement);
    this.#display = display;
    this.#listener = listener;
    this.#surroundings = element(root, "#rgb", HTMLCanvasElement);
    this.#centre = element(root, "#rgb-centre", HTMLCanvasElement);
    this.strip = new FilterStrip(root, display, {
      onMove: () => this.#writePosition(),
      onAdjust: () => listener.onAdjust(),
    });
    listenForGestures(this.#centre, this.strip.gestures());
    const observer = new ResizeObserver(() => { this.strip.draw(); this.#drawColourImages(); });
    for (const part of root.querySelectorAll(".filter-strip, .rgb, #enlarged")) observer.observe(part);
  }

  /**
   * Show the candidate as far as it is loaded.
   * @param {Candidate | null} candidate
   * @returns {boolean} true if every stamp is drawn
   */
  show(candidate) {
    const isOther = candidate !== this.#candidate;
    this.#candidate = candidate;
    if (isOther) {
      this.#writeFacts();
      clearTimeout(this.#neighboursTimer);
      this.#neighboursTimer = setTimeout(() => this.#loadNeighbours(), NEIGHBOURS_DELAY_MS);
    }
    const loading = candidate !== null && candidate.planes === null && candidate.failure === "";
    this.#section.setAttribute("aria-busy", String(loading));
    if (this.strip.show(candidate)) this.#listener.onStamps();
    this.#drawColourImages();
    return Boolean(candidate?.planes);
  }

  /** Apply changed display settings. */
  restretch() {
    this.strip.restretch();
    this.#drawColourImages();
  }

  /**
   * Actions by their names in the table of keys.
   * @type {Readonly<Record<string, () => void>>}
   */
  actions = {
    "zoom-in": () => this.#zoom(ZOOM_STEP),
    "zoom-out": () => this.#zoom(1 / ZOOM_STEP),
    "zoom-reset": () => this.strip.resetViewport(),
    "blink": () => this.#blink(1),
    "blink-back": () => this.#blink(-1),
    "enlarge": () => this.strip.selection.toggleEnlarged(),
    "save-fits": () => element(this.#root, "#save-fits", HTMLAnchorElement).click(),
  };

  /** Close the enlarged tile. */
  closeEnlarged() {
    const { selection } = this.strip;
    if (selection.enlarged !== null) selection.enlarge(null);
  }

  /** @param {1 | -1} step */
  #blink(step) {
    this.strip.selection.blink(step, this.#candidate?.item.bands ?? []);
  }

  /** @param {number} factor */
  #zoom(factor) {
    const { viewport, crosshair } = this.strip;
    this.strip.move(zoom(viewport, factor, crosshair ?? viewport));
  }

  #writePosition() {
    const { crosshair } = this.strip;
    const item = this.#candidate?.item;
    setText(this.#root, "#position", crosshair && item ? formatPosition(item, crosshair) : "");
    this.#drawColourImages();
  }

  #loadNeighbours() {
    const candidate = this.#candidate;
    if (!candidate) return;
    loadNeighbours(candidate, () => candidate === this.#candidate && this.#drawColourImages());
  }

  #drawColourImages() {
    const candidate = this.#candidate;
    const failure = candidate?.rgbFailure;
    setText(this.#root, "#rgb-note", failure ? `No colour image: ${failure}` : "");
    if (candidate) {
      const { viewport, visibleCrosshair } = this.strip;
      drawSurroundings(this.#surroundings, candidate, viewport, this.#display.neighbours);
      drawColourCentre(this.#centre, candidate, viewport, visibleCrosshair);
    } else {
      clearCanvas(this.#surroundings);
      clearCanvas(this.#centre);
    }
  }

  #writeFacts() {
    const item = this.#candidate?.item;
    if (!item) return;
    setText(this.#root, "#candidate-name", `${item.galaxy} · ${item.catalogue_id}`);
    setText(this.#root, "#field-name", item.field);
    element(this.#root, "#simulated", HTMLElement).hidden = !item.simulated;
    element(this.#root, "#edge", HTMLElement).hidden = !item.edge;
    element(this.#root, "#save-fits", HTMLAnchorElement).href = candidateUrl(item, "stamps.fits");
    element(this.#root, "#facts", HTMLElement).replaceChildren(...factsOf(item).flatMap(
      ([name, value]) => [createElement("dt", {}, name), createElement("dd", {}, value)],
    ));
  }
}
