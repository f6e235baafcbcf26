// @ts-check
/** imexamine over the stamps: which plot is shown, and of which target. */
import { ExaminePanel } from "./panel.js";
import { PLOT_NAMES } from "./plot-kinds.js";

const DEFAULT_KIND = "radial";

/** Connects keys and buttons with the examine panel. */
export class Examination {
  #kind = DEFAULT_KIND;
  #over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #root; #panel; #target;

  /**
   * @param {HTMLElement} root of the panel
   * @param {() => import("./target.js").Target | null} target what is under the pointer, if anything
   */
  constructor(root, target) {
    this.#root = root;
    this.#panel = new ExaminePanel(root);
    this.#target = target;
  }

  /**
   * Actions by their names in the table of keys.
   * @type {Readonly<Record<string, () => void>>}
   */
  actions = {
    ...Object.fromEntries(Object.keys(PLOT_NAMES).map((kind) => (
      [`examine-${kind}`, () => this.#open(kind)]
    ))),
    "overplot": () => {
      this.#over = !this.#over;
      this.#markPressed();
    },
  };

  /** Show the same plot of another candidate, after its stamps were painted. */
  renew() {
    clearTimeout(this.#timer);
    this.#over = false;
    this.#markPressed();
    this.#timer = setTimeout(() => this.#plot());
  }

  /** Return to the default plot. */
  reset() {
    this.#kind = DEFAULT_KIND;
    this.renew();
  }

  /** @param {string} kind */
  #open(kind) {
    this.#kind = kind;
    this.#markPressed();
    this.#plot();
  }

  #plot() {
    const target = this.#target();
    if (target) this.#panel.show(this.#kind, target, { over: this.#over });
    else this.#panel.clear();
  }

  #markPressed() {
    for (const button of this.#root.querySelectorAll("[data-action^='examine-']")) {
      button.ariaPressed = String(button.getAttribute("data-action") === `examine-${this.#kind}`);
    }
    for (const button of this.#root.querySelectorAll("[data-action='overplot']")) {
      button.ariaPressed = String(this.#over);
    }
  }
}
