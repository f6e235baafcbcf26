// @ts-check
/** The dialogs that say more than a class: why it is none, a comment, a flag. */
import { toggle } from "../lib/dialogs.js";
import { element } from "../lib/dom.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * Class 4 with a reason: a button, or its number.
 * @param {HTMLDialogElement} dialog @param {Session} session
 * @returns {() => void} opens it
 */
export function wireReasons(dialog, session) {
  /** @type {HTMLButtonElement[]} */
  const buttons = [...dialog.querySelectorAll("button[data-reason]")].filter((b) => b instanceof HTMLButtonElement);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      dialog.close();
      session.vote(4, { reason: button.dataset.reason });
    });
  }
  dialog.addEventListener("keydown", (event) => {
    const button = buttons[Number(event.key) - 1];
    if (!button || event.repeat) return;
    event.preventDefault();
    button.click();
  });
  return () => toggle(dialog);
}

/**
 * Flag and comment of the candidate on show.
 * @param {HTMLDialogElement} dialog @param {Session} session @param {() => void} changed
 * @returns {() => void} opens it
 */
export function wireRemark(dialog, session, changed) {
  const comment = element(dialog, "textarea", HTMLTextAreaElement);
  const flagged = element(dialog, "input[name='flagged']", HTMLInputElement);
  const form = element(dialog, "form", HTMLFormElement);
  comment.addEventListener("keydown", ({ key, ctrlKey, metaKey }) => {
    if (key === "Enter" && (ctrlKey || metaKey)) form.requestSubmit(element(form, "[value='save']", HTMLButtonElement));
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "save") session.note({ comment: comment.value.trim(), flagged: flagged.checked });
    dialog.returnValue = "";
    changed();
  });
  return () => {
    if (!session.shown || dialog.open) return;
    comment.value = session.remark.comment;
    // Whoever opens it wants to flag; without a flag it is a comment.
    flagged.checked = session.remark.flagged || session.remark.comment === "";
    toggle(dialog);
    comment.focus();
  };
}
