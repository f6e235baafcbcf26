// @ts-check
/** Actions by name, called by keys and by buttons alike. */
import { openDialog } from "./dialogs.js";
import { listenForKeys } from "./keyboard.js";

/** @typedef {Readonly<Record<string, () => void>>} Actions */

/**
 * Call an action when its key is pressed or an element with its name in `data-action` is clicked.
 * A click with Shift on a vote button casts the vote as "possible".
 * @param {Actions} actions @param {import("./key-bindings.js").KeyBinding[]} bindings
 */
export function wireActions(actions, bindings) {
  listenForKeys(bindings, (action) => {
    // An open dialog receives the keys itself, except those that close it.
    const dialog = openDialog();
    if (!dialog || dialog.id === action || action === "close") actions[action]?.();
  });
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-action]");
    if (!(button instanceof HTMLButtonElement)) return;
    const action = button.dataset.action ?? "";
    actions[event.shiftKey ? action.replace("vote", "possible") : action]?.();
    // After a mouse click Space must skip the candidate, not press the button again.
    if (event.detail > 0) button.blur();
  });
}
