// @ts-check
/** Menus and sliders that return the keyboard to the page after they were used by mouse. */
import { element } from "./dom.js";

/**
 * Fill a menu with names and report each choice.
 * @param {ParentNode} root @param {string} selector @param {readonly string[]} names
 * @param {(name: string) => void} onChoice
 */
export function wireMenu(root, selector, names, onChoice) {
  const field = element(root, selector, HTMLSelectElement);
  let byPointer = false;
  field.replaceChildren(...names.map((name) => new Option(name, name)));
  field.addEventListener("pointerdown", () => { byPointer = true; });
  field.addEventListener("keydown", ({ key }) => {
    byPointer = false;
    if (key === "Escape" || key === "Enter") field.blur();
  });
  field.addEventListener("change", () => {
    onChoice(field.value);
    // A focused menu takes the digits; after a mouse choice the vote keys must work at once.
    if (byPointer) field.blur();
  });
  return field;
}

/**
 * Report each movement of a slider over a list of values.
 * @param {ParentNode} root @param {string} selector @param {readonly number[]} values
 * @param {(value: number) => void} onChoice
 */
export function wireSlider(root, selector, values, onChoice) {
  const field = element(root, selector, HTMLInputElement);
  field.max = String(values.length - 1);
  field.addEventListener("input", () => onChoice(values[Number(field.value)]));
  // A focused slider takes the arrow keys, which also go back and forward in the session.
  field.addEventListener("pointerup", () => field.blur());
  return field;
}
