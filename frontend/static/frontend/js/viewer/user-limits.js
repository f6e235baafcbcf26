// @ts-check
/** The two fields for limits that the user types. */
import { element } from "../lib/dom.js";

/** @typedef {import("./limits.js").Limits} Limits */

/** @param {number} value @returns {string} five significant digits */
const format = (value) => String(Number(value.toPrecision(5)));

/** The fields #low and #high; low must be below high. */
export class UserLimits {
  /** @type {Limits} */ #limits = { low: 0, high: 1 };
  #root;

  /** @param {HTMLElement} root @param {(limits: Limits) => void} onChange */
  constructor(root, onChange) {
    this.#root = root;
    for (const end of /** @type {const} */ (["low", "high"])) {
      const field = this.#field(end);
      field.addEventListener("change", () => {
        const limits = { ...this.#limits, [end]: Number(field.value) };
        const valid = field.value !== "" && limits.low < limits.high;
        field.setCustomValidity(valid ? "" : "Low must be a number below high.");
        if (field.reportValidity()) onChange(limits);
      });
    }
  }

  /** @param {"low" | "high"} end */
  #field(end) {
    return element(this.#root, `#${end}`, HTMLInputElement);
  }

  /** Write the limits into the fields. @param {Limits} limits @param {boolean} visible */
  show({ low, high }, visible) {
    this.#limits = { low, high };
    element(this.#root, "#user-limits", HTMLElement).hidden = !visible;
    this.#field("low").value = format(low);
    this.#field("high").value = format(high);
  }
}
