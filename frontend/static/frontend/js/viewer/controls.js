// @ts-check
/** Controls of the display settings: menus, fields, sliders, buttons and their keys. */
import { element } from "../lib/dom.js";
import { wireMenu, wireSlider } from "../lib/fields.js";
import { COLOUR_MAPS } from "./colour-map.js";
import { NEUTRAL } from "./contrast-bias.js";
import { LIMITS } from "./limits.js";
import { VIEWS, cycle, scaleOf, toggleLink } from "./settings.js";
import { STRETCHES } from "./stretch.js";
import { UserLimits } from "./user-limits.js";

/** @typedef {import("./settings.js").Display} Display */
/** @typedef {import("./viewer.js").Viewer} Viewer */
/** @typedef {{stretches: number[], softenings: number[]}} RgbOptions scalings that the server draws */
/**
 * `onChange`: a setting has changed; `onRgbChange`: the colour images need another scaling.
 * @typedef {{onChange(): void, onRgbChange(): void}} ControlsListener
 */

/** The limits between which and ZScale a key switches. */
const PERCENTILE_LIMITS = "99.5 %";

/** Changes the display settings, applies them to the viewer and shows them on the page. */
export class Controls {
  #root; #display; #viewer; #rgbOptions; #listener; #menus; #sliders; #userLimits;

  /**
   * @param {HTMLElement} root @param {Display} display changed in place @param {Viewer} viewer
   * @param {RgbOptions} rgbOptions @param {ControlsListener} listener
   */
  constructor(root, display, viewer, rgbOptions, listener) {
    this.#root = root;
    this.#display = display;
    this.#viewer = viewer;
    this.#rgbOptions = rgbOptions;
    this.#listener = listener;
    this.#menus = {
      stretch: wireMenu(root, "#stretch", STRETCHES, (stretch) => this.#setScale({ stretch })),
      limits: wireMenu(root, "#limits", LIMITS, (name) => this.#setLimits(name)),
      colours: wireMenu(root, "#colours", COLOUR_MAPS, (colours) => this.#set({ colours })),
    };
    this.#sliders = {
      stretch: wireSlider(root, "#lupton-stretch", rgbOptions.stretches, (stretch) => (
        this.#setRgb({ stretch })
      )),
      q: wireSlider(root, "#lupton-q", rgbOptions.softenings, (q) => this.#setRgb({ q })),
    };
    this.#userLimits = new UserLimits(root, (limits) => this.#setScale(limits));
    this.#show();
  }

  /** Show and save settings that were changed by a gesture on the stamps. */
  update() {
    this.#show();
    this.#listener.onChange();
  }

  /** The scale that the menus change: the common one, or that of the selected filter. */
  get #scale() {
    return scaleOf(this.#display, this.#viewer.strip.selection.band);
  }

  /** @param {Partial<Display>} change */
  #set(change) {
    Object.assign(this.#display, change);
    this.#apply();
  }

  /** @param {Partial<import("./settings.js").Scale>} change */
  #setScale(change) {
    Object.assign(this.#scale, change);
    this.#apply();
  }

  /** @param {string} name */
  #setLimits(name) {
    const { limits, selection } = this.#viewer.strip;
    // The fields of User start with the limits in use.
    this.#setScale({ ...(name === "User" ? limits[selection.band] : {}), limits: name });
  }

  /** @param {Partial<Display["rgb"]>} change */
  #setRgb(change) {
    Object.assign(this.#display.rgb, change);
    this.#apply();
    this.#listener.onRgbChange();
  }

  #apply() {
    this.#viewer.restretch();
    this.update();
  }

  #show() {
    const { colours, invert, view, own, together, rgb, neighbours, contrast, bias } = this.#display;
    const { stretch, limits, low, high } = this.#scale;
    this.#menus.stretch.value = stretch;
    this.#menus.limits.value = limits;
    this.#menus.colours.value = colours;
    this.#userLimits.show({ low, high }, limits === "User");
    this.#sliders.stretch.value = String(this.#rgbOptions.stretches.indexOf(rgb.stretch));
    this.#sliders.stretch.ariaValueText = `${rgb.stretch} sigma`;
    this.#sliders.q.value = String(this.#rgbOptions.softenings.indexOf(rgb.q));
    this.#sliders.q.ariaValueText = String(rgb.q);
    const pressed = { invert, link: own === null, global: together, neighbours };
    for (const [action, on] of Object.entries(pressed)) this.#button(action).ariaPressed = String(on);
    this.#button("view").textContent = `${view} px`;
    this.#button("reset-contrast").hidden = contrast === NEUTRAL.contrast && bias === NEUTRAL.bias;
  }

  /** @param {string} action */
  #button(action) {
    return element(this.#root, `[data-action='${action}']`, HTMLButtonElement);
  }

  /**
   * Actions by their names in the table of keys.
   * @type {Readonly<Record<string, () => void>>}
   */
  actions = {
    "stretch-next": () => this.#setScale({ stretch: cycle(STRETCHES, this.#scale.stretch, 1) }),
    "stretch-previous": () => this.#setScale({ stretch: cycle(STRETCHES, this.#scale.stretch, -1) }),
    "limits": () => this.#setScale({
      limits: this.#scale.limits === "ZScale" ? PERCENTILE_LIMITS : "ZScale",
    }),
    "invert": () => this.#set({ invert: !this.#display.invert }),
    "global": () => this.#set({ together: !this.#display.together }),
    "crosshair": () => this.#set({ crosshair: !this.#display.crosshair }),
    "neighbours": () => this.#set({ neighbours: !this.#display.neighbours }),
    "reset-contrast": () => this.#viewer.strip.adjust(NEUTRAL),
    "link": () => {
      toggleLink(this.#display, this.#viewer.strip.selection.band);
      this.#apply();
    },
    "view": () => {
      this.#display.view = cycle(VIEWS, this.#display.view, 1);
      this.#viewer.strip.resetViewport();
      this.#apply();
    },
  };
}
