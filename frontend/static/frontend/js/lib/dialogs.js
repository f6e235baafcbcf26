// @ts-check
/** Dialogs of a page: at most one is open, and while it is, keys belong to it. */

/** @returns {HTMLDialogElement | null} */
export const openDialog = () => document.querySelector("dialog[open]");

/** @param {HTMLDialogElement} dialog */
export function toggle(dialog) {
  if (dialog.open) dialog.close();
  else if (!openDialog()) dialog.showModal();
}

/**
 * An element with text and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Partial<HTMLElementTagNameMap[T]>} [properties] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}
