// @ts-check
/** The dialog of key bindings: search, add, remove, reset. */
import { createElement, element, setText } from "../lib/dom.js";
import { addKey, isModifier, isRemovable, keyName, removeKey } from "../lib/key-bindings.js";

/** @typedef {import("../lib/key-bindings.js").KeyBinding} KeyBinding */
/** @typedef {(keys: Record<string, string[]>) => Promise<void>} Save throws the server's reason */

/** Hide the rows without the text, and the tables without a row. @param {HTMLDialogElement} dialog */
function wireSearch(dialog) {
  const search = element(dialog, "#help-search", HTMLInputElement);
  search.addEventListener("input", () => {
    const text = search.value.toLowerCase();
    for (const row of bindingRows(dialog)) row.hidden = !row.textContent.toLowerCase().includes(text);
    for (const table of dialog.querySelectorAll("table")) {
      table.hidden = [...table.rows].every(({ hidden }) => hidden);
    }
  });
}

/** @param {HTMLDialogElement} dialog @returns {HTMLTableRowElement[]} */
function bindingRows(dialog) {
  return [...dialog.querySelectorAll("tr[data-action-row]")]
    .filter((row) => row instanceof HTMLTableRowElement);
}

/** Return a key with the button that removes it. @param {KeyBinding} binding @param {string} key */
function keyItem({ action, description }, key) {
  const name = createElement("kbd", {}, key);
  if (!isRemovable(key)) return name;
  const button = createElement("button", {
    type: "button",
    className: "plain",
    title: "Remove this key",
    ariaLabel: `Remove the key ${key} for: ${description}`,
  }, "×");
  Object.assign(button.dataset, { removeKey: key, of: action });
  return createElement("span", { className: "removable" }, name, button);
}

/** Write the keys of every action into its row. @param {HTMLDialogElement} dialog @param {KeyBinding[]} bindings */
function showBindings(dialog, bindings) {
  for (const row of bindingRows(dialog)) {
    const binding = bindings.find(({ action }) => action === row.dataset.actionRow);
    if (!binding) continue;
    row.cells[0].replaceChildren(...binding.keys.flatMap((key) => [keyItem(binding, key), " "]));
  }
}

/**
 * Call the listener with the next key press, unless that is Escape.
 * @param {HTMLDialogElement} dialog @param {HTMLButtonElement} button shows that it waits
 * @param {(press: KeyboardEvent) => void} listener @returns {AbortController} to wait no longer
 */
function awaitKey(dialog, button, listener) {
  const control = new AbortController();
  const label = element(button, "span", HTMLElement);
  const text = label.textContent;
  label.textContent = "press a key";
  control.signal.addEventListener("abort", () => { label.textContent = text; });
  dialog.addEventListener("keydown", (press) => {
    if (isModifier(press)) return;
    press.preventDefault();
    press.stopPropagation();
    control.abort();
    if (press.key !== "Escape") listener(press);
  }, { capture: true, signal: control.signal });
  return control;
}

/**
 * Wire the dialog: search, more keys for an action, fewer, and reset.
 * @param {HTMLDialogElement} dialog
 * @param {KeyBinding[]} bindings in use; changed in place
 * @param {KeyBinding[]} defaults
 * @param {Save} save
 * @param {() => void} onChange called when the bindings have changed
 */
export function wireKeyHelp(dialog, bindings, defaults, save, onChange) {
  /** @type {AbortController | null} */ let pending = null;

  /** @param {KeyBinding[]} changed */
  async function apply(changed) {
    setText(dialog, "#key-conflict", "");
    try {
      await save(Object.fromEntries(changed.map(({ action, keys }) => [action, keys])));
    } catch (reason) {
      setText(dialog, "#key-conflict", /** @type {Error} */ (reason).message);
      return;
    }
    bindings.splice(0, bindings.length, ...changed);
    showBindings(dialog, bindings);
    onChange();
  }

  /** Wait for another key of a button's action. @param {HTMLButtonElement} button */
  function add(button) {
    setText(dialog, "#key-conflict", "");
    pending = awaitKey(dialog, button, (press) => {
      const result = addKey(bindings, button.dataset.addKey ?? "", keyName(press, bindings));
      if ("conflict" in result) setText(dialog, "#key-conflict", result.conflict);
      else apply(result.bindings);
    });
  }

  /** Take a key from its action. @param {HTMLButtonElement} button @param {string} key */
  async function remove(button, key) {
    const row = button.closest("tr") ?? dialog;
    await apply(removeKey(bindings, button.dataset.of ?? "", key));
    // The button with the focus is gone.
    element(row, "[data-add-key]", HTMLButtonElement).focus();
  }

  wireSearch(dialog);
  showBindings(dialog, bindings);
  dialog.addEventListener("click", ({ target }) => {
    const button = /** @type {Element} */ (target).closest("[data-add-key], [data-remove-key]");
    if (!(button instanceof HTMLButtonElement)) return;
    pending?.abort();
    if (button.dataset.removeKey === undefined) add(button);
    else remove(button, button.dataset.removeKey);
  });
  dialog.addEventListener("close", () => pending?.abort());
  element(dialog, "#keys-reset", HTMLButtonElement).addEventListener("click", () => {
    apply(defaults.map((binding) => ({ ...binding })));
  });
}
