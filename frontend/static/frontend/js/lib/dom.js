// @ts-check
/** Elements that a page's script relies on: a missing one is an error with its name. */

/**
 * @template {Element} T
 * @param {ParentNode} root @param {string} selector @param {new () => T} kind
 * @returns {T}
 */
export function element(root, selector, kind) {
  const found = root.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${selector} of that kind.`);
}

/**
 * Writes text into an element, and hides it when there is none.
 * @param {ParentNode} root @param {string} selector @param {string} content
 */
export function text(root, selector, content) {
  const node = element(root, selector, HTMLElement);
  node.textContent = content;
  node.hidden = content === "";
}

/** @param {string} id of a JSON block @returns {any} */
export function data(id) {
  return JSON.parse(element(document, `#${id}`, HTMLScriptElement).textContent ?? "null");
}
