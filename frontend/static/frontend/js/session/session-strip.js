// @ts-check
/** The last ten votes of the session, one button each, to go back to any of them. */
import { make } from "../lib/dialogs.js";
import { element } from "../lib/dom.js";

/** @typedef {import("./session.js").Session} Session */

const SHOWN = 10;

/** @param {HTMLElement} root @param {Session} session */
export function drawSession(root, session) {
  const { casts, at } = session.history;
  const list = element(root, "#recent-votes", HTMLOListElement);
  const last = at === null ? casts.length : Math.max(at + 1, SHOWN);
  const first = Math.max(0, Math.min(last, casts.length) - SHOWN);
  list.replaceChildren(...casts.slice(first, first + SHOWN).map(({ item, label, flagged }, i) => {
    const index = first + i;
    const said = label === "unsure" ? "u" : String(label);
    const swatch = make("span", { className: `class class-${label}` }, said);
    const button = make("button", {
      type: "button",
      className: "plain",
      title: `Look at ${item.galaxy} ${item.catalogue_id} again`,
      onclick: () => session.review(index),
    }, swatch, " ", item.catalogue_id, flagged ? " ⚑" : "");
    button.append(make("span", { className: "unseen" }, `, my vote on ${item.galaxy}${flagged ? ", flagged" : ""}`));
    if (index === at) button.setAttribute("aria-current", "true");
    return make("li", {}, button);
  }));
}
