// @ts-check
/** An expert's settings, stored on the server, so that they are the same on every computer. */
import { apiUrl } from "./address.js";
import { send } from "./api.js";

const DELAY_MS = 700;

/** Saves sections of the settings; changes in quick succession are one request. */
export class Preferences {
  /** @type {Record<string, unknown>} sections that the server does not have yet */ #unsaved = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  constructor() {
    addEventListener("pagehide", () => this.#flush({ keepalive: true }));
  }

  /** Save a section after a short delay. @param {string} section @param {unknown} value */
  save(section, value) {
    this.#unsaved[section] = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), DELAY_MS);
  }

  /**
   * Save a section at once; throws the server's reason if it refuses.
   * @param {string} section @param {unknown} value
   */
  async saveNow(section, value) {
    await send("PATCH", apiUrl("preferences/"), { [section]: value });
  }

  /** @param {RequestInit} [options] */
  async #flush(options) {
    clearTimeout(this.#timer);
    const sections = this.#unsaved;
    if (Object.keys(sections).length === 0) return;
    this.#unsaved = {};
    // No message: the settings hold on this page and are sent again with the next change.
    await send("PATCH", apiUrl("preferences/"), sections, options).catch(() => {
      this.#unsaved = { ...sections, ...this.#unsaved };
    });
  }
}
