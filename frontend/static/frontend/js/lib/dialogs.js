// @ts-check
/** Modal dialogs: at most one is open at a time. */

/** Return the open dialog, if any. @returns {HTMLDialogElement | null} */
export const openDialog = () => document.querySelector("dialog[open]");

/** Close the dialog, or open it if no other is open. @param {HTMLDialogElement} dialog */
export function toggleDialog(dialog) {
  if (dialog.open) dialog.close();
  else if (!openDialog()) dialog.showModal();
}
