// @ts-check
/** Keys as a table: which action a key press stands for. The table comes from the server. */

/** @typedef {{action: string, keys: string[], does: string}} Binding */
/**
 * @typedef {Pick<KeyboardEvent, "key" | "code" | "repeat" | "shiftKey" | "ctrlKey" | "metaKey"
 *   | "altKey" | "getModifierState">} Press
 */

const DIGIT = /^(?:Digit|Numpad)(\d)$/;

/**
 * The name of a key press as the table writes it: "1", "Shift+1", "Space", "Ctrl+z", "?".
 * Digits go by place, not by character: on a French keyboard "1" needs Shift.
 * @param {Press} press
 */
export function chordOf(press) {
  const digit = DIGIT.exec(press.code)?.[1];
  const altGr = press.getModifierState("AltGraph");
  if (press.altKey && !altGr) return "";
  const control = (press.ctrlKey || press.metaKey) && !altGr ? "Ctrl+" : "";
  if (digit !== undefined && !altGr) return `${control}${press.shiftKey ? "Shift+" : ""}${digit}`;
  if (press.key === " ") return `${control}Space`;
  // With CapsLock on, "i" must stay "i": Shift alone decides.
  const letter = press.key.length === 1 && press.key.toLowerCase() !== press.key.toUpperCase();
  if (!letter) return control + press.key;
  return control + (press.shiftKey ? press.key.toUpperCase() : press.key.toLowerCase());
}

/**
 * The action of a key press, or null; a key held down acts once.
 * @param {Press} press @param {Binding[]} table
 */
export function actionOf(press, table) {
  if (press.repeat) return null;
  const chord = chordOf(press);
  return table.find(({ keys }) => keys.includes(chord))?.action ?? null;
}

/**
 * Whether the element takes this key for itself: text, menus, and Space or Enter on a button.
 * @param {EventTarget | null} target @param {string} key
 */
function belongsTo(target, key) {
  if (!(target instanceof Element)) return false;
  if (key === "Escape") return false;
  // What was typed into keeps the focus until the next frame after its dialog has closed.
  if (target.closest("dialog:not([open])")) return false;
  if (target.closest("input, textarea, select, [contenteditable]")) return true;
  return (key === " " || key === "Enter") && target.closest("button, a, summary") !== null;
}

/**
 * Calls `act` for each key press that stands for an action, until the signal ends it.
 * @param {Binding[]} table @param {(action: string) => void} act @param {AbortSignal} [signal]
 */
export function listen(table, act, signal) {
  document.addEventListener("keydown", (press) => {
    if (belongsTo(press.target, press.key)) return;
    const action = actionOf(press, table);
    if (action === null) return;
    press.preventDefault();
    act(action);
  }, { signal });
}
