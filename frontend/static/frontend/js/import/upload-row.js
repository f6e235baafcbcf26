// @ts-check
/** One file in the list of a new import: name, size, progress, and a button to remove it. */

import { createElement } from "../lib/dom.js";
import { sizeText } from "./sizes.js";

/** @typedef {import("./upload.js").Upload} Upload */

export class UploadRow {
  #progress = createElement("progress", { max: 1, value: 0 });
  #status = createElement("span", { className: "quiet" });
  #input = createElement("input", { type: "hidden", name: "uploads", disabled: true });

  /** @param {string} name @param {number} size @param {() => void} remove */
  constructor(name, size, remove) {
    this.name = name;
    this.complete = false;
    const button = createElement("button", { type: "button", textContent: "Remove" });
    button.setAttribute("aria-label", `Remove ${name}`);
    button.addEventListener("click", remove);
    this.#progress.setAttribute("aria-label", `Share of ${name} that has arrived`);
    this.#status.setAttribute("role", "status");
    this.element = createElement(
      "li", {},
      createElement("span", { textContent: name, className: "name" }),
      createElement("span", { textContent: sizeText(size), className: "quiet number" }),
      this.#progress, this.#status, button, this.#input,
    );
  }

  /** @param {Upload} upload */
  show(upload) {
    this.complete = upload.complete;
    this.#progress.value = upload.offset / upload.size;
    this.#input.value = String(upload.id);
    this.#input.disabled = !upload.complete;
    this.say(upload.complete ? "uploaded" : `${sizeText(upload.offset)} sent`);
  }

  /** @param {string} text */
  say(text, isError = false) {
    this.#status.textContent = text;
    this.#status.className = isError ? "bad" : "quiet";
  }
}
