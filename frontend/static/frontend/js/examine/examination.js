// @ts-check
/** imexamine over the stamps: which plot is open, of which filter, at which place. */
import { mosaicPixel, skyText } from "../viewer/captions.js";
import { KINDS, ExaminePanel } from "./panel.js";

/** @typedef {import("../viewer/strip.js").Strip} Strip */
/** @typedef {import("./subject.js").Subject} Subject */

const FIRST = "radial";

export class Examination {
  #kind = FIRST;
  #over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #root; #panel; #strip;

  /** @param {HTMLElement} root the panel @param {Strip} strip */
  constructor(root, strip) {
    this.#root = root;
    this.#panel = new ExaminePanel(root);
    this.#strip = strip;
  }

  /**
   * The plots by their names in the table of keys.
   * @type {Readonly<Record<string, () => void>>}
   */
  actions = {
    ...Object.fromEntries(Object.keys(KINDS).map((kind) => [`examine-${kind}`, () => this.#open(kind)])),
    "overplot": () => {
      this.#over = !this.#over;
      this.#reflect();
    },
  };

  /** Another candidate: the same plot at its own place, once its stamps have been painted. */
  renew() {
    clearTimeout(this.#timer);
    this.#over = false;
    this.#reflect();
    this.#timer = setTimeout(() => this.#plot());
  }

  /** Back to the plot that is always there. @returns {boolean} whether another one was open */
  close() {
    const open = this.#kind !== FIRST || this.#over;
    this.#kind = FIRST;
    this.renew();
    return open;
  }

  /** @param {string} kind */
  #open(kind) {
    this.#kind = kind;
    this.#reflect();
    this.#plot();
  }

  #plot() {
    const subject = this.#subject();
    if (subject) this.#panel.show(this.#kind, subject, { over: this.#over });
    else this.#panel.clear();
  }

  #reflect() {
    for (const button of this.#root.querySelectorAll("[data-action^='examine-']")) {
      button.ariaPressed = String(button.getAttribute("data-action") === `examine-${this.#kind}`);
    }
    for (const button of this.#root.querySelectorAll("[data-action='overplot']")) {
      button.ariaPressed = String(this.#over);
    }
  }

  /** @returns {Subject | null} the pixel under the pointer, else the candidate in the chosen filter */
  #subject() {
    const { loaded, active, cross } = this.#strip;
    const band = loaded?.item.bands[active];
    if (!loaded?.planes || !band?.observed) return null;
    const { item, planes, side } = loaded;
    const place = cross ?? { x: item.stamp_x, y: item.stamp_y };
    const pixel = mosaicPixel(item, place);
    return {
      name: `${band.band} ${band.filter}`.trim(),
      unit: band.unit,
      plane: planes[active],
      side,
      ...place,
      xPix: pixel.x,
      yPix: pixel.y,
      sky: skyText(item, place),
      arcsecPerPx: item.pixel_scale_arcsec,
      starFwhm: band.star_fwhm_px,
      zeroPoint: null,
    };
  }
}
