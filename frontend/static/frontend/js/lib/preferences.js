// @ts-check
/** An expert's settings, kept on the server, so that they are there on every computer. */
import { send } from "./api.js";

const URL = "/api/v1/preferences/";
const PAUSE_MS = 700;

export class Preferences {
  /** @type {Record<string, unknown>} sections that the server does not know yet */ #due = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  constructor() {
    addEventListener("pagehide", () => this.#send({ keepalive: true }));
  }

  /** Saves soon: a slider that is dragged is one change. @param {string} section @param {unknown} value */
  save(section, value) {
    this.#due[section] = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), PAUSE_MS);
  }

  /** Saves at once; refused with the server's sentence. @param {string} section @param {unknown} value */
  async saveNow(section, value) {
    await send("PATCH", URL, { [section]: value });
  }

  /** @param {RequestInit} [options] */
  async #send(options) {
    clearTimeout(this.#timer);
    const due = this.#due;
    if (Object.keys(due).length === 0) return;
    this.#due = {};
    // Settings of the display are not worth a word: they hold on this page, and go with the next change.
    await send("PATCH", URL, due, options).catch(() => { this.#due = { ...due, ...this.#due }; });
  }
}
