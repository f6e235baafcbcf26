// @ts-check
/** Stretch, limits, colours and view: menus, fields, sliders and buttons, and the same by key. */
import { COLOURS, NEUTRAL } from "./colours.js";
import { element } from "./dom.js";
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
  #root; #display; #stage; #saved; #recoloured; #ladders; #menus;
  #byPointer = false;

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
    this.#recoloured = recoloured;
    this.#menus = {
      stretch: this.#menu("#stretch", STRETCHES, (name) => { this.#scale.stretch = name; }),
      limits: this.#menu("#limits", LIMITS, (name) => this.#setLimits(name)),
      colours: this.#menu("#colours", COLOURS, (name) => { display.colours = name; }),
    };
    for (const end of /** @type {const} */ (["low", "high"])) {
      this.#input(`#${end}`).addEventListener("change", ({ target }) => this.#type(end, Number(/** @type {any} */ (target).value)));
    }
    this.#slider("#lupton-stretch", "stretch", ladders.stretches);
    this.#slider("#lupton-q", "q", ladders.softenings);
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

  /** @param {string} selector @param {"stretch" | "q"} part @param {number[]} ladder */
  #slider(selector, part, ladder) {
    const slider = this.#input(selector);
    slider.max = String(ladder.length - 1);
    slider.addEventListener("input", () => {
      this.#display.rgb[part] = ladder[Number(slider.value)];
      this.#settle();
      this.#recoloured();
    });
    // A slider takes the arrow keys for itself: after the mouse they are the session's again.
    slider.addEventListener("pointerup", () => slider.blur());
  }

  /** @param {string} name */
  #setLimits(name) {
    const scale = this.#scale;
    // Typed limits begin as what is on show.
    if (name === "User") Object.assign(scale, this.#stage.strip.limits[this.#stage.strip.active]);
    scale.limits = name;
  }

  /** @param {"low" | "high"} end @param {number} value */
  #type(end, value) {
    const wish = { low: this.#scale.low, high: this.#scale.high, [end]: value };
    const field = this.#input(`#${end}`);
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
    element(this.#root, "#typed", HTMLElement).hidden = limits !== "User";
    this.#input("#low").value = short(low);
    this.#input("#high").value = short(high);
    this.#input("#lupton-stretch").value = String(this.#ladders.stretches.indexOf(rgb.stretch));
    this.#input("#lupton-q").value = String(this.#ladders.softenings.indexOf(rgb.q));
    this.#input("#lupton-stretch").ariaValueText = `${rgb.stretch} sigma`;
    this.#input("#lupton-q").ariaValueText = String(rgb.q);
    const pressed = { invert, link: own === null, together, neighbours };
    for (const [action, on] of Object.entries(pressed)) this.#button(action).ariaPressed = String(on);
    this.#button("view").textContent = `${view} px`;
    this.#button("neutral").hidden = contrast === NEUTRAL.contrast && bias === NEUTRAL.bias;
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
    "together": () => this.#set({ together: !this.#display.together }),
    "neighbours": () => this.#set({ neighbours: !this.#display.neighbours }),
    "neutral": () => this.#stage.strip.adjust(NEUTRAL),
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
