// @ts-check
/** Key bindings: which action each key stands for. The table comes from the server. */

/** @typedef {{action: string, keys: string[], description: string}} KeyBinding */
/**
 * @typedef {Pick<KeyboardEvent, "key" | "code" | "repeat" | "isComposing" | "shiftKey" | "ctrlKey"
 *   | "metaKey" | "altKey" | "getModifierState">} KeyPress
 */

/** Keys that close a dialog or move within it, and keys without a name. */
const RESERVED = ["Escape", "Tab", ""];

/** Keys of an action, at most: the server takes no more. */
const MAX_KEYS = 4;

const MODIFIERS = [
  "Shift", "Control", "Alt", "AltGraph", "Meta", "Fn", "CapsLock", "NumLock", "ScrollLock", "FnLock",
];

/** Values of `key` that are no character and no function. */
const NAMELESS = ["", "Dead", "Process", "Unidentified", ...MODIFIERS];

const NON_LATIN = /^(?:(?![\p{Script=Latin}\p{Script=Common}])[\p{L}\p{M}])+$/u;

/** Greek and Hebrew keys that have punctuation in the place of a letter: code and character. */
const NO_LETTERS = ["KeyQ;", "KeyQ:", "KeyQ/", "KeyW'"];

/** Characters of the keys that have letters on non-Latin layouts only. @type {Record<string, string>} */
const PUNCTUATION = { BracketLeft: "[", BracketRight: "]", Backslash: "\\" };

/** True if the press is that of a modifier or a lock. @param {KeyPress} press */
export const isModifier = ({ key }) => MODIFIERS.includes(key);

/**
 * Return the character of the press; on a non-Latin layout that of the key on a US keyboard.
 * @param {KeyPress} press
 */
function characterOf({ key, code }) {
  if (!NON_LATIN.test(key) && !NO_LETTERS.includes(code + key)) return key;
  return /^Key([A-Z])$/.exec(code)?.[1] ?? PUNCTUATION[code] ?? key;
}

/**
 * Return the digit of the press, or undefined. The place counts where the layout has no digit, as
 * in the digit row of French and Czech keyboards; never on the keypad, which also has the arrows.
 * @param {KeyPress} press
 */
function digitOf({ key, code, shiftKey }) {
  if (/^\d$/.test(key)) return key;
  if ([...key].length > 1 && key !== "Dead") return undefined;
  // Dvorak for one hand has letters and brackets in the digit row, and the digits elsewhere.
  if (!shiftKey && /^[a-z[\]{}]$/i.test(key)) return undefined;
  return /^Digit(\d)$/.exec(code)?.[1];
}

/** @param {string} character @param {boolean} shift */
function characterName(character, shift) {
  if (NAMELESS.includes(character)) return [];
  if (character === " ") return ["Space"];
  // The case of a letter follows Shift only, so that CapsLock changes no action.
  const letter = character.length === 1 && character.toLowerCase() !== character.toUpperCase();
  if (!letter) return [character];
  return [shift ? character.toUpperCase() : character.toLowerCase()];
}

/**
 * Return the names that the press can have in a table of bindings, the preferred one first.
 * @param {KeyPress} press
 */
function namesOf(press) {
  const { key, shiftKey } = press;
  if (press.getModifierState("AltGraph")) return characterName(key, shiftKey);
  // Option makes these characters on a Mac; other presses with Alt belong to the browser.
  if (press.altKey) return /^[[\]\\]$/.test(key) ? [key] : [];
  const digit = digitOf(press);
  const byDigit = digit === undefined ? [] : [shiftKey ? `Shift+${digit}` : digit];
  const names = [...byDigit, ...characterName(characterOf(press), shiftKey)];
  return press.ctrlKey || press.metaKey ? names.map((name) => `Ctrl+${name}`) : names;
}

/**
 * Return the name of the pressed key as in the table: "1", "Shift+1", "Space", "Ctrl+z", "?".
 * A key counts by the character that the layout gives it. Of several names the one in the table
 * is returned; an empty text if the press has no name.
 * @param {KeyPress} press @param {KeyBinding[]} [bindings]
 */
export function keyName(press, bindings = []) {
  const names = namesOf(press);
  const used = names.find((name) => bindings.some(({ keys }) => keys.includes(name)));
  return used ?? names[0] ?? "";
}

/**
 * Return the number that a press means as the answer of a dialog, or null.
 * @param {KeyPress} press
 */
export function numberOf(press) {
  const name = keyName(press);
  // French keyboards have the digits with Shift as well; a dialog has no other use of it.
  const digit = name === `Shift+${press.key}` ? press.key : name;
  return /^\d$/.test(digit) ? Number(digit) : null;
}

/**
 * Return the action of a key press, or null; the repeats of a key that is held down have none.
 * @param {KeyPress} press @param {KeyBinding[]} bindings
 */
export function actionOf(press, bindings) {
  if (press.repeat || press.isComposing) return null;
  const name = keyName(press, bindings);
  return bindings.find(({ keys }) => keys.includes(name))?.action ?? null;
}

/**
 * Return the first key of an action, or an empty text if it has none.
 * @param {KeyBinding[]} bindings @param {string} action
 */
export function keyOf(bindings, action) {
  return bindings.find((binding) => binding.action === action)?.keys[0] ?? "";
}

/**
 * Return the table with one more key for an action, or the reason why the key cannot be used. The
 * new key is the first: pages name it beside their buttons.
 * @param {KeyBinding[]} bindings @param {string} action @param {string} key
 * @returns {{bindings: KeyBinding[]} | {conflict: string}}
 */
export function addKey(bindings, action, key) {
  if (RESERVED.includes(key)) return { conflict: `${key || "This key"} cannot be used.` };
  const other = bindings.find(({ keys, action: name }) => name !== action && keys.includes(key));
  if (other) return { conflict: `${key} is already used for: ${other.description}. Nothing was changed.` };
  const keys = bindings.find(({ action: name }) => name === action)?.keys ?? [];
  if (keys.length >= MAX_KEYS && !keys.includes(key)) {
    return { conflict: `An action has ${MAX_KEYS} keys at most: remove one first. Nothing was changed.` };
  }
  return { bindings: withKeys(bindings, action, [key, ...keys.filter((other) => other !== key)]) };
}

/**
 * Return the table without one key of an action.
 * @param {KeyBinding[]} bindings @param {string} action @param {string} key
 */
export function removeKey(bindings, action, key) {
  const keys = bindings.find(({ action: name }) => name === action)?.keys ?? [];
  return withKeys(bindings, action, keys.filter((other) => other !== key));
}

/** True if the key may be taken from its action. @param {string} key */
export const isRemovable = (key) => !RESERVED.includes(key);

/** @param {KeyBinding[]} bindings @param {string} action @param {string[]} keys */
function withKeys(bindings, action, keys) {
  return bindings.map((binding) => (binding.action === action ? { ...binding, keys } : binding));
}
