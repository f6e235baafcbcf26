// @ts-check
/** What is on show: the stamps, colour pictures, facts and measurements of one candidate. */
import { placeText } from "./captions.js";
import { element, text } from "../lib/dom.js";
import { Examination } from "../examine/examination.js";
import { factsOf } from "./facts.js";
import { listenToHands } from "./gestures.js";
import { meetNeighbours, urlOf } from "./load.js";
import { drawCentre, drawContext, wipe } from "./rgb-view.js";
import { Strip } from "./strip.js";
import { STEP, zoomed } from "./viewport.js";

/** @typedef {import("./load.js").Loaded} Loaded */
/** @typedef {import("./settings.js").Display} Display */

/** Whoever looks for longer than that wants to see more. */
const LINGER_MS = 300;

export class Stage {
  /** @type {Loaded | null} */ #loaded = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #linger;
  #root; #scene; #display; #context; #centre;

  /**
   * @param {HTMLElement} root @param {Display} display shared with the controls
   * @param {() => void} adjusted contrast and bias, or the chosen filter, have changed by hand
   */
  constructor(root, display, adjusted) {
    this.#root = root;
    this.#scene = root.matches(".viewer") ? root : element(root, ".viewer", HTMLElement);
    this.#display = display;
    this.#context = element(root, "#rgb", HTMLCanvasElement);
    this.#centre = element(root, "#rgb-centre", HTMLCanvasElement);
    this.strip = new Strip(root, display, { moved: () => this.#moved(), chosen: () => this.#chosen(adjusted), adjusted });
    this.examination = new Examination(element(root, "#examine", HTMLElement), this.strip);
    listenToHands(this.#centre, this.strip.handsOver());
    const resized = new ResizeObserver(() => { this.strip.draw(); this.#paintPictures(); });
    for (const part of root.querySelectorAll(".filter-strip, .rgb, #enlarged")) resized.observe(part);
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
      this.#describe();
      clearTimeout(this.#linger);
      this.#linger = setTimeout(() => this.#meetNeighbours(), LINGER_MS);
    }
    this.#scene.setAttribute("aria-busy", String(loaded !== null && loaded.planes === null && loaded.failure === ""));
    if (this.strip.show(loaded)) this.examination.renew();
    this.#paintPictures();
    return Boolean(loaded?.planes);
  }

  /** Applies changed settings. */
  restretch() {
    this.strip.restretch();
    this.#paintPictures();
  }

  /**
   * What keys do to the view, by their names in the table of keys.
   * @type {Readonly<Record<string, () => void>>}
   */
  actions = {
    "zoom-in": () => this.#zoom(STEP),
    "zoom-out": () => this.#zoom(1 / STEP),
    "zoom-reset": () => this.strip.reset(),
    "blink": () => this.strip.blink(1),
    "blink-back": () => this.strip.blink(-1),
    "enlarge": () => this.strip.toggle(this.strip.active),
    "save-fits": () => element(this.#root, "#save-fits", HTMLAnchorElement).click(),
  };

  /** Closes what is open over the candidate. @returns {boolean} whether anything was */
  close() {
    const open = this.strip.enlarged !== null;
    if (open) this.strip.enlarge(null);
    return this.examination.close() || open;
  }

  /** @param {number} factor */
  #zoom(factor) {
    const { viewport, cross } = this.strip;
    this.strip.look(zoomed(viewport, factor, cross ?? viewport));
  }

  #moved() {
    const { cross } = this.strip;
    text(this.#root, "#position", cross && this.#loaded ? placeText(this.#loaded.item, cross) : "");
    this.#paintPictures();
  }

  /** @param {() => void} adjusted */
  #chosen(adjusted) {
    this.#root.querySelectorAll(".filter-strip figure").forEach((figure, i) => {
      figure.classList.toggle("active", i === this.strip.active);
    });
    adjusted();
  }

  #meetNeighbours() {
    const loaded = this.#loaded;
    if (!loaded) return;
    meetNeighbours(loaded, () => loaded === this.#loaded && this.#paintPictures());
  }

  #paintPictures() {
    const loaded = this.#loaded;
    const note = loaded?.rgbFailure ? `No colour picture: ${loaded.rgbFailure}` : "";
    text(this.#root, "#rgb-note", note);
    if (loaded) {
      drawContext(this.#context, loaded, this.strip.viewport, this.#display.neighbours);
      drawCentre(this.#centre, loaded, this.strip.viewport, this.strip.cross);
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
    element(this.#root, "#save-fits", HTMLAnchorElement).href = urlOf(item, "stamps.fits");
    const facts = factsOf(item).flatMap(([name, value]) => [["dt", name], ["dd", value]]);
    element(this.#root, "#facts", HTMLElement).replaceChildren(...facts.map(([tag, content]) => {
      const node = document.createElement(tag);
      node.textContent = content;
      return node;
    }));
  }
}
