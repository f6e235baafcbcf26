// @ts-check
/** The dialog of key bindings: search, change, reset. */
import { createElement, element, setText } from "../lib/dom.js";
import { isModifier, keyName, rebind } from "../lib/key-bindings.js";

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

/**
 * Wire the dialog's search, change and reset.
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
    try {
      await save(Object.fromEntries(changed.map(({ action, keys }) => [action, keys])));
    } catch (reason) {
      setText(dialog, "#key-conflict", /** @type {Error} */ (reason).message);
      return;
    }
    bindings.splice(0, bindings.length, ...changed);
    for (const row of bindingRows(dialog)) {
      const keys = bindings.find(({ action }) => action === row.dataset.actionRow)?.keys ?? [];
      row.cells[0].replaceChildren(...keys.flatMap((key) => [createElement("kbd", {}, key), " "]));
    }
    onChange();
  }

  /** Wait for the new key of a button's action. @param {HTMLButtonElement} button */
  function change(button) {
    pending?.abort();
    const control = new AbortController();
    pending = control;
    setText(dialog, "#key-conflict", "");
    const label = element(button, "span", HTMLElement);
    label.textContent = "press a key";
    control.signal.addEventListener("abort", () => { label.textContent = "change"; });
    dialog.addEventListener("keydown", (press) => {
      if (isModifier(press)) return;
      press.preventDefault();
      press.stopPropagation();
      control.abort();
      if (press.key === "Escape") return;
      const result = rebind(bindings, button.dataset.remap ?? "", keyName(press, bindings));
      if ("conflict" in result) setText(dialog, "#key-conflict", result.conflict);
      else apply(result.bindings);
    }, { capture: true, signal: control.signal });
  }

  wireSearch(dialog);
  dialog.addEventListener("click", ({ target }) => {
    const button = /** @type {Element} */ (target).closest("[data-remap]");
    if (button instanceof HTMLButtonElement) change(button);
  });
  dialog.addEventListener("close", () => pending?.abort());
  element(dialog, "#keys-reset", HTMLButtonElement).addEventListener("click", () => {
    setText(dialog, "#key-conflict", "");
    apply(defaults.map((binding) => ({ ...binding })));
  });
}
