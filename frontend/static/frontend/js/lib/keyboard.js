// @ts-check
/** Key presses of the page, except those that a field or a button takes. */
import { actionOf } from "./key-bindings.js";

/**
 * True if the element takes this key itself: text fields, menus, and Space or Enter on a button.
 * @param {EventTarget | null} target @param {string} key
 */
function takesKey(target, key) {
  if (!(target instanceof Element)) return false;
  if (key === "Escape") return false;
  // A text field keeps the focus until the next frame after its dialog has closed.
  if (target.closest("dialog:not([open])")) return false;
  if (target.closest("input, textarea, select, [contenteditable]")) return true;
  return (key === " " || key === "Enter") && target.closest("button, a, summary") !== null;
}

/**
 * Call `onAction` with the action of each key press that has one.
 * @param {import("./key-bindings.js").KeyBinding[]} bindings
 * @param {(action: string) => void} onAction
 */
export function listenForKeys(bindings, onAction) {
  document.addEventListener("keydown", (press) => {
    if (takesKey(press.target, press.key)) return;
    const action = actionOf(press, bindings);
    if (action === null) return;
    press.preventDefault();
    onAction(action);
  });
}
