// @ts-check
/** Elements of the page: finding, filling and creating them. */

/**
 * Return the element that a selector names; throw if the page has none of that type.
 * @template {Element} T
 * @param {ParentNode} root @param {string} selector @param {new () => T} type
 * @returns {T}
 */
export function element(root, selector, type) {
  const node = root.querySelector(selector);
  if (node instanceof type) return node;
  throw new Error(`The page has no ${selector} that is a ${type.name}.`);
}

/**
 * Write text into an element, and hide the element if the text is empty.
 * @param {ParentNode} root @param {string} selector @param {string} text
 */
export function setText(root, selector, text) {
  const node = element(root, selector, HTMLElement);
  node.textContent = text;
  node.hidden = text === "";
}

/** Return the data of a JSON script block of the page. @param {string} id @returns {any} */
export function pageData(id) {
  return JSON.parse(element(document, `#${id}`, HTMLScriptElement).textContent ?? "null");
}

/**
 * Create an element with properties and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Partial<HTMLElementTagNameMap[T]>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function createElement(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}
