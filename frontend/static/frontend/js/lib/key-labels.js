// @ts-check
/** The keys that a page names beside its buttons: those of the user's own key bindings. */
import { keyOf } from "./key-bindings.js";

/** @typedef {import("./key-bindings.js").KeyBinding} KeyBinding */

/** @type {Readonly<Record<string, string>>} short forms, for buttons */
const SYMBOLS = {
  Space: "␣", Backspace: "⌫", Enter: "⏎", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓",
};

/**
 * Write the first key of an action into the elements with its name in `data-key-of`, and the keys
 * of actions into the titles of those with their names in `data-title-keys`.
 * @param {ParentNode} root @param {KeyBinding[]} bindings
 */
export function showKeys(root, bindings) {
  for (const node of root.querySelectorAll("[data-key-of]")) {
    const key = keyOf(bindings, node.getAttribute("data-key-of") ?? "");
    node.textContent = key ? SYMBOLS[key] ?? key : "–";
  }
  for (const node of root.querySelectorAll("[data-title-keys]")) {
    if (!(node instanceof HTMLElement)) continue;
    const actions = (node.dataset.titleKeys ?? "").split(" ");
    const keys = actions.map((action) => keyOf(bindings, action)).filter(Boolean);
    node.dataset.name ??= node.title;
    node.title = [node.dataset.name, titleOf(keys)].filter(Boolean).join(", ");
    node.ariaKeyShortcuts = keys.join(" ");
  }
}

/** @param {string[]} keys */
function titleOf(keys) {
  if (keys.length === 0) return "";
  return `${keys.length > 1 ? "keys" : "key"} ${keys.join(" ")}`;
}
