// @ts-check
/** Stretch, limits, colours and view: menus, fields, sliders and buttons, and the same by key. */
import { COLOURS, NEUTRAL } from "./colours.js";
import { element } from "../lib/dom.js";
import { menu, slider } from "../lib/fields.js";
import { LIMITS } from "./limits.js";
import { VIEWS, neighbour, scaleOf, unlinkOrLink } from "./settings.js";
import { STRETCHES } from "./stretch.js";

/** @typedef {import("./settings.js").Display} Display */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {{stretches: number[], softenings: number[]}} Ladders what the server draws */

const SHARE = "99.5 %";

/** @param {unknown} value */
const short = (value) => String(Number(Number(value).toPrecision(5)));

export class Controls {
  #root; #display; #stage; #ladders; #saved; #menus; #sliders;

  /**
   * @param {HTMLElement} root @param {Display} display changed in place @param {Stage} stage
   * @param {Ladders} ladders
   * @param {{saved(): void, recoloured(): void}} listener saved: a setting has changed;
   *   recoloured: other colour pictures are asked for
   */
  constructor(root, display, stage, ladders, { saved, recoloured }) {
    this.#root = root;
    this.#display = display;
    this.#stage = stage;
    this.#ladders = ladders;
    this.#saved = saved;
    /** @param {(value: any) => void} choose @param {() => void} [then] @returns {(value: any) => void} */
    const settling = (choose, then = () => undefined) => (value) => {
      choose(value);
      this.#settle();
      then();
    };
    this.#menus = {
      stretch: menu(root, "#stretch", STRETCHES, settling((name) => { this.#scale.stretch = name; })),
      limits: menu(root, "#limits", LIMITS, settling((name) => this.#setLimits(name))),
      colours: menu(root, "#colours", COLOURS, settling((name) => { display.colours = name; })),
    };
    this.#sliders = {
      stretch: slider(root, "#lupton-stretch", ladders.stretches, settling((step) => { display.rgb.stretch = step; }, recoloured)),
      q: slider(root, "#lupton-q", ladders.softenings, settling((step) => { display.rgb.q = step; }, recoloured)),
    };
    for (const end of /** @type {const} */ (["low", "high"])) {
      const field = this.#input(`#${end}`);
      field.addEventListener("change", () => this.#type(end, field));
    }
    this.reflect();
  }

  /** The scale that the menus mean: the common one, or that of the chosen filter. */
  get #scale() {
    return scaleOf(this.#display, this.#stage.strip.active);
  }

  /** @param {string} selector */
  #input(selector) {
    return element(this.#root, selector, HTMLInputElement);
  }

  /** @param {string} name */
  #setLimits(name) {
    const scale = this.#scale;
    // Typed limits begin as what is on show.
    if (name === "User") Object.assign(scale, this.#stage.strip.limits[this.#stage.strip.active]);
    scale.limits = name;
  }

  /** @param {"low" | "high"} end @param {HTMLInputElement} field */
  #type(end, field) {
    const wish = { low: this.#scale.low, high: this.#scale.high, [end]: Number(field.value) };
    const possible = field.value !== "" && wish.low < wish.high;
    field.setCustomValidity(possible ? "" : "Low must be a number below high.");
    if (!field.reportValidity()) return;
    Object.assign(this.#scale, wish);
    this.#settle();
  }

  /** Shows what is set; called too when another filter is chosen. */
  reflect() {
    const { colours, invert, view, own, together, rgb, neighbours, contrast, bias } = this.#display;
    const { stretch, limits, low, high } = this.#scale;
    this.#menus.stretch.value = stretch;
    this.#menus.limits.value = limits;
    this.#menus.colours.value = colours;
    element(this.#root, "#user-limits", HTMLElement).hidden = limits !== "User";
    this.#input("#low").value = short(low);
    this.#input("#high").value = short(high);
    this.#sliders.stretch.value = String(this.#ladders.stretches.indexOf(rgb.stretch));
    this.#sliders.stretch.ariaValueText = `${rgb.stretch} sigma`;
    this.#sliders.q.value = String(this.#ladders.softenings.indexOf(rgb.q));
    this.#sliders.q.ariaValueText = String(rgb.q);
    const pressed = { invert, link: own === null, global: together, neighbours };
    for (const [action, on] of Object.entries(pressed)) this.#button(action).ariaPressed = String(on);
    this.#button("view").textContent = `${view} px`;
    this.#button("reset-contrast").hidden = contrast === NEUTRAL.contrast && bias === NEUTRAL.bias;
  }

  /** Contrast, bias or the chosen filter have changed by hand on the stamps. */
  touched() {
    this.reflect();
    this.#saved();
  }

  /** @param {string} action */
  #button(action) {
    return element(this.#root, `[data-action='${action}']`, HTMLButtonElement);
  }

  #settle() {
    this.#stage.restretch();
    this.reflect();
    this.#saved();
  }

  /** @param {Partial<Display>} change */
  #set(change) {
    Object.assign(this.#display, change);
    this.#settle();
  }

  /**
   * The actions of the display, by their names in the table of keys.
   * @type {Readonly<Record<string, () => void>>}
   */
  actions = {
    "stretch-next": () => this.#turn(1),
    "stretch-previous": () => this.#turn(-1),
    "limits": () => {
      this.#scale.limits = this.#scale.limits === "ZScale" ? SHARE : "ZScale";
      this.#settle();
    },
    "invert": () => this.#set({ invert: !this.#display.invert }),
    "global": () => this.#set({ together: !this.#display.together }),
    "neighbours": () => this.#set({ neighbours: !this.#display.neighbours }),
    "reset-contrast": () => this.#stage.strip.adjust(NEUTRAL),
    "link": () => {
      unlinkOrLink(this.#display, this.#stage.strip.active);
      this.#settle();
    },
    "view": () => {
      this.#display.view = neighbour(VIEWS, this.#display.view, 1);
      this.#stage.strip.reset();
      this.#settle();
    },
  };

  /** @param {1 | -1} step */
  #turn(step) {
    this.#scale.stretch = neighbour(STRETCHES, this.#scale.stretch, step);
    this.#settle();
  }
}
