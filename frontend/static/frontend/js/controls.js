// @ts-check
/** Stretch, limits, view and inversion: menus, buttons, and the same by key. */
import { element } from "./dom.js";
import { LIMITS } from "./limits.js";
import { VIEWS, neighbour, remember } from "./settings.js";
import { STRETCHES } from "./stretch.js";

/** @typedef {import("./settings.js").Display} Display */

const SHARE = "99.5 %";

export class Controls {
  #root; #display; #changed; #stretch; #limits;
  #byPointer = false;

  /**
   * @param {HTMLElement} root @param {Display} display changed in place
   * @param {() => void} changed
   */
  constructor(root, display, changed) {
    this.#root = root;
    this.#display = display;
    this.#changed = changed;
    this.#stretch = this.#menu("#stretch", Object.keys(STRETCHES), (name) => { display.stretch = name; });
    this.#limits = this.#menu("#limits", Object.keys(LIMITS), (name) => { display.limits = name; });
    this.#reflect();
  }

  /** @param {string} selector @param {string[]} names @param {(name: string) => void} choose */
  #menu(selector, names, choose) {
    const menu = element(this.#root, selector, HTMLSelectElement);
    menu.replaceChildren(...names.map((name) => new Option(name, name)));
    menu.addEventListener("pointerdown", () => { this.#byPointer = true; });
    menu.addEventListener("keydown", ({ key }) => {
      this.#byPointer = false;
      if (key === "Escape" || key === "Enter") menu.blur();
    });
    menu.addEventListener("change", () => {
      choose(menu.value);
      this.#settle();
      // A menu takes digits for itself: after a mouse choice the vote keys must work at once.
      if (this.#byPointer) menu.blur();
    });
    return menu;
  }

  #reflect() {
    const { stretch, limits, invert, view } = this.#display;
    this.#stretch.value = stretch;
    this.#limits.value = limits;
    element(this.#root, "[data-action='invert']", HTMLButtonElement).ariaPressed = String(invert);
    element(this.#root, "[data-action='view']", HTMLButtonElement).textContent = `${view} px`;
  }

  #settle() {
    remember(this.#display);
    this.#reflect();
    this.#changed();
  }

  /**
   * The actions of the display, by their names in the table of keys.
   * @type {Readonly<Record<string, () => void>>}
   */
  actions = {
    "stretch-next": () => this.#turn(1),
    "stretch-previous": () => this.#turn(-1),
    "limits": () => {
      this.#display.limits = this.#display.limits === "ZScale" ? SHARE : "ZScale";
      this.#settle();
    },
    "invert": () => {
      this.#display.invert = !this.#display.invert;
      this.#settle();
    },
    "view": () => {
      this.#display.view = neighbour(VIEWS, this.#display.view, 1);
      this.#settle();
    },
  };

  /** @param {1 | -1} step */
  #turn(step) {
    this.#display.stretch = neighbour(Object.keys(STRETCHES), this.#display.stretch, step);
    this.#settle();
  }
}
