// @ts-check
/** The dialogs that add to a vote: a reason for class 4, a flag and a comment. */
import { toggleDialog } from "../lib/dialogs.js";
import { element } from "../lib/dom.js";
import { numberOf } from "../lib/key-bindings.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * Wire the dialog of reasons for class 4: a click or the reason's number casts the vote.
 * @param {HTMLDialogElement} dialog @param {Session} session
 * @returns {() => void} a function that opens or closes the dialog
 */
export function wireReasons(dialog, session) {
  /** @type {HTMLButtonElement[]} */
  const buttons = [...dialog.querySelectorAll("button[data-reason]")]
    .filter((button) => button instanceof HTMLButtonElement);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      dialog.close();
      session.castVote(4, { reason: button.dataset.reason });
    });
  }
  dialog.addEventListener("keydown", (event) => {
    const button = buttons[(numberOf(event) ?? 0) - 1];
    if (!button || event.repeat) return;
    event.preventDefault();
    button.click();
  });
  return () => toggleDialog(dialog);
}

/**
 * Wire the dialog of flag and comment.
 * @param {HTMLDialogElement} dialog @param {Session} session @param {() => void} onClose
 * @returns {() => void} a function that opens the dialog
 */
export function wireFlag(dialog, session, onClose) {
  const comment = element(dialog, "textarea", HTMLTextAreaElement);
  const flagged = element(dialog, "input[name='flagged']", HTMLInputElement);
  const form = element(dialog, "form", HTMLFormElement);
  comment.addEventListener("keydown", ({ key, ctrlKey, metaKey }) => {
    if (key !== "Enter" || !(ctrlKey || metaKey)) return;
    form.requestSubmit(element(form, "[value='save']", HTMLButtonElement));
  });
  // Before the dialog closes, as a vote may follow at once.
  form.addEventListener("submit", ({ submitter }) => {
    if (submitter?.getAttribute("value") !== "save") return;
    session.annotate({ comment: comment.value.trim(), flagged: flagged.checked });
  });
  dialog.addEventListener("close", onClose);
  return () => {
    if (!session.candidate || dialog.open) return;
    comment.value = session.annotation.comment;
    // The action is called flag: the flag is on at first, unless there is a comment without it.
    flagged.checked = session.annotation.flagged || session.annotation.comment === "";
    toggleDialog(dialog);
    comment.focus();
  };
}
