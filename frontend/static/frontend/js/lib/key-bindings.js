// @ts-check
/** Key bindings: which action each key stands for. The table comes from the server. */

/** @typedef {{action: string, keys: string[], description: string}} KeyBinding */
/**
 * @typedef {Pick<KeyboardEvent, "key" | "code" | "repeat" | "shiftKey" | "ctrlKey" | "metaKey"
 *   | "altKey" | "getModifierState">} KeyPress
 */

const DIGIT = /^(?:Digit|Numpad)(\d)$/;

/** Keys that close a dialog or move within it, and modifiers. */
const RESERVED = [
  "Escape", "Tab", "Shift+Tab", "Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Dead", "",
];

/**
 * Return the name of the pressed key as in the table: "1", "Shift+1", "Space", "Ctrl+z", "?".
 * Digits are named by the physical key, because a French keyboard needs Shift for the character.
 * @param {KeyPress} press
 */
export function keyName(press) {
  const digit = DIGIT.exec(press.code)?.[1];
  const altGr = press.getModifierState("AltGraph");
  if (press.altKey && !altGr) return "";
  const control = (press.ctrlKey || press.metaKey) && !altGr ? "Ctrl+" : "";
  if (digit !== undefined && !altGr) return `${control}${press.shiftKey ? "Shift+" : ""}${digit}`;
  if (press.key === " ") return `${control}Space`;
  // The case of a letter follows Shift only, so that CapsLock changes no action.
  const letter = press.key.length === 1 && press.key.toLowerCase() !== press.key.toUpperCase();
  if (!letter) return control + press.key;
  return control + (press.shiftKey ? press.key.toUpperCase() : press.key.toLowerCase());
}

/**
 * Return the action of a key press, or null; the repeats of a key that is held down have none.
 * @param {KeyPress} press @param {KeyBinding[]} bindings
 */
export function actionOf(press, bindings) {
  if (press.repeat) return null;
  const name = keyName(press);
  return bindings.find(({ keys }) => keys.includes(name))?.action ?? null;
}

/**
 * Return the table with another key for one action, or the reason why the key cannot be used.
 * @param {KeyBinding[]} bindings @param {string} action @param {string} key
 * @returns {{bindings: KeyBinding[]} | {conflict: string}}
 */
export function rebind(bindings, action, key) {
  if (RESERVED.includes(key)) return { conflict: `${key || "This key"} cannot be used.` };
  const other = bindings.find(({ keys, action: name }) => name !== action && keys.includes(key));
  if (other) return { conflict: `${key} is already used for: ${other.description}. Nothing was changed.` };
  return {
    bindings: bindings.map((binding) => (
      binding.action === action ? { ...binding, keys: [key] } : binding
    )),
  };
}
