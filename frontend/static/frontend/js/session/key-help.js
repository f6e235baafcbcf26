// @ts-check
/** The table of keys: searched, and changed; a key that already stands for something is refused. */
import { element, text } from "../lib/dom.js";
import { chordOf } from "../lib/keys.js";
import { make } from "../lib/dialogs.js";

/** @typedef {import("../lib/keys.js").Binding} Binding */
/** @typedef {(keys: Record<string, string[]>) => Promise<void>} Save refused with a sentence */

/** Keys that leave a dialog or move within it, and those that only go with others. */
const RESERVED = ["Escape", "Tab", "Shift+Tab", "Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Dead", ""];

/**
 * The table with another key for one action, or why not.
 * @param {Binding[]} table @param {string} action @param {string} chord
 * @returns {{table: Binding[]} | {clash: string}}
 */
export function rebound(table, action, chord) {
  if (RESERVED.includes(chord)) return { clash: `${chord || "This key"} cannot be used.` };
  const other = table.find(({ keys, action: name }) => name !== action && keys.includes(chord));
  if (other) return { clash: `${chord} already means: ${other.does}. Nothing was changed.` };
  return { table: table.map((key) => (key.action === action ? { ...key, keys: [chord] } : key)) };
}

/**
 * Wires search, change and reset.
 * @param {HTMLDialogElement} dialog
 * @param {Binding[]} table in use; changed in place
 * @param {Binding[]} first the table as it is delivered
 * @param {Save} save
 */
export function wireKeyHelp(dialog, table, first, save) {
  const search = element(dialog, "#help-search", HTMLInputElement);
  /** @type {HTMLTableRowElement[]} */
  const rows = [...dialog.querySelectorAll("tr[data-action-row]")].filter((row) => row instanceof HTMLTableRowElement);
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const row of rows) row.hidden = !(row.textContent ?? "").toLowerCase().includes(wanted);
    for (const part of dialog.querySelectorAll("table")) {
      part.hidden = [...part.rows].every(({ hidden }) => hidden);
    }
  });

  /** @param {Binding[]} wish */
  async function adopt(wish) {
    try {
      await save(Object.fromEntries(wish.map(({ action, keys }) => [action, keys])));
    } catch (reason) {
      text(dialog, "#key-conflict", /** @type {Error} */ (reason).message);
      return;
    }
    table.splice(0, table.length, ...wish);
    for (const row of rows) {
      const keys = table.find(({ action }) => action === row.dataset.actionRow)?.keys ?? [];
      row.cells[0].replaceChildren(...keys.flatMap((key) => [make("kbd", {}, key), " "]));
    }
  }

  /** @type {AbortController | null} */ let waiting = null;

  /** @param {HTMLButtonElement} button */
  function change(button) {
    waiting?.abort();
    const control = new AbortController();
    waiting = control;
    text(dialog, "#key-conflict", "");
    const words = element(button, "span", HTMLElement);
    words.textContent = "press a key";
    control.signal.addEventListener("abort", () => { words.textContent = "change"; });
    dialog.addEventListener("keydown", (press) => {
      if (["Shift", "Control", "Alt", "AltGraph", "Meta"].includes(press.key)) return;
      press.preventDefault();
      press.stopPropagation();
      control.abort();
      if (press.key === "Escape") return;
      const answer = rebound(table, button.dataset.remap ?? "", chordOf(press));
      if ("clash" in answer) text(dialog, "#key-conflict", answer.clash);
      else adopt(answer.table);
    }, { capture: true, signal: control.signal });
  }

  dialog.addEventListener("click", ({ target }) => {
    const button = /** @type {Element} */ (target).closest("[data-remap]");
    if (button instanceof HTMLButtonElement) change(button);
  });
  dialog.addEventListener("close", () => waiting?.abort());
  element(dialog, "#keys-reset", HTMLButtonElement).addEventListener("click", () => {
    text(dialog, "#key-conflict", "");
    adopt(first.map((key) => ({ ...key })));
  });
}
