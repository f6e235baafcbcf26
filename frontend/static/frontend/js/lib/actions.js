// @ts-check
/** Actions by name, from keys and from buttons alike. */
import { openDialog } from "./dialogs.js";
import { listen } from "./keys.js";

/** @typedef {Readonly<Record<string, () => void>>} Actions */

/**
 * Calls an action for its key, and for a click on an element with `data-action`; with Shift, a
 * vote is "possible" only.
 * @param {Actions} actions @param {import("./keys.js").Binding[]} keys
 */
export function wireActions(actions, keys) {
  listen(keys, (action) => {
    // While a dialog is open keys are its own, but for those that close it.
    const dialog = openDialog();
    if (!dialog || dialog.id === action || action === "close") actions[action]?.();
  });
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-action]");
    if (!(button instanceof HTMLButtonElement)) return;
    const action = button.dataset.action ?? "";
    actions[event.shiftKey ? action.replace("vote", "possible") : action]?.();
    // After a click by mouse, Space must skip, not press the button again.
    if (event.detail > 0) button.blur();
  });
}
