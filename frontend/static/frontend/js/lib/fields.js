// @ts-check
/** Menus and sliders that give the keyboard back to the page after the mouse. */
import { element } from "./dom.js";

/**
 * A menu of names.
 * @param {ParentNode} root @param {string} selector @param {readonly string[]} names
 * @param {(name: string) => void} choose
 */
export function menu(root, selector, names, choose) {
  const field = element(root, selector, HTMLSelectElement);
  let byPointer = false;
  field.replaceChildren(...names.map((name) => new Option(name, name)));
  field.addEventListener("pointerdown", () => { byPointer = true; });
  field.addEventListener("keydown", ({ key }) => {
    byPointer = false;
    if (key === "Escape" || key === "Enter") field.blur();
  });
  field.addEventListener("change", () => {
    choose(field.value);
    // A menu takes digits for itself: after a mouse choice the vote keys must work at once.
    if (byPointer) field.blur();
  });
  return field;
}

/**
 * A slider over the steps of a ladder.
 * @param {ParentNode} root @param {string} selector @param {readonly number[]} ladder
 * @param {(step: number) => void} choose
 */
export function slider(root, selector, ladder, choose) {
  const field = element(root, selector, HTMLInputElement);
  field.max = String(ladder.length - 1);
  field.addEventListener("input", () => choose(ladder[Number(field.value)]));
  // A slider takes the arrow keys for itself: after the mouse they are the session's again.
  field.addEventListener("pointerup", () => field.blur());
  return field;
}
