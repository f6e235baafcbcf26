// @ts-check
/** The examine panel: a title, one plot, its numbers; a second filter can be laid over a curve. */
import { drawCurves } from "./curves.js";
import { KINDS, examine } from "./kinds.js";
import { drawWords, sheetOf } from "./sheet.js";
import { element, text } from "../lib/dom.js";

/** @typedef {import("./subject.js").Subject} Subject */
/** @typedef {import("./examined.js").Examined} Examined */
/** @typedef {{name: string, examined: Examined}} Shown */

export { KINDS };

/** Two filters take a row each: the first numbers of a kind are those worth comparing. */
const ROWS_OF_TWO = 7;

export class ExaminePanel {
  #kind = "";
  /** @type {Shown[]} the first stays, the second is laid over it */ #shown = [];
  #root; #canvas; #hint;

  /** @param {HTMLElement} root rendered by _examine.html */
  constructor(root) {
    this.#root = root;
    this.#canvas = element(root, "canvas", HTMLCanvasElement);
    this.#hint = element(root, ".examine-title", HTMLElement).textContent ?? "";
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
    const theme = new MutationObserver(() => this.#draw());
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /**
   * Measures and draws at once.
   * @param {string} kind a key of KINDS @param {Subject} subject
   * @param {{over?: boolean}} [options] over: beside the plot that stays, if both are such curves
   */
  show(kind, subject, { over = false } = {}) {
    const examined = examine(kind, subject);
    const staying = over && kind === this.#kind && examined.curve ? this.#shown.slice(0, 1) : [];
    const kept = staying.filter(({ examined: { curve } }) => curve);
    this.#kind = kind;
    this.#shown = [...kept, { name: subject.name, examined }];
    this.#write(KINDS[kind]);
    this.#draw();
  }

  /** Empties the panel. */
  clear() {
    this.#kind = "";
    this.#shown = [];
    this.#write("");
    this.#draw();
  }

  /** @param {string} what the kind's name, empty for nothing */
  #write(what) {
    const names = this.#shown.map(({ name }) => name).join(" and ");
    const title = what && `${what[0].toUpperCase()}${what.slice(1)} · ${names}`;
    text(this.#root, ".examine-title", title || this.#hint);
    const two = this.#shown.length > 1;
    const [first] = this.#shown;
    const numbers = (first?.examined.numbers ?? []).slice(0, two ? ROWS_OF_TWO : undefined);
    const rows = numbers.map(([name], i) => [
      name, ...this.#shown.map(({ examined }) => examined.numbers[i]?.[1] ?? "–"),
    ]);
    const heads = two ? [["", ...this.#shown.map(({ name }) => name)]] : [];
    const told = rows.filter(([, ...values]) => values.some((value) => value !== "–"));
    const list = element(this.#root, ".examine-numbers", HTMLElement);
    list.classList.toggle("two", two);
    list.replaceChildren(...[...heads, ...told].map(rowOf));
    const notes = notesOf(this.#shown);
    // Without numbers the plot says it.
    text(this.#root, ".examine-notes", rows.length ? notes.join(" ") : "");
    const said = told.map(([name, ...values]) => `${name} ${values.join(" against ")}`);
    this.#canvas.setAttribute("aria-label", [title || this.#hint, ...said, ...notes].join("; "));
  }

  #draw() {
    const sheet = sheetOf(this.#canvas);
    const [first] = this.#shown;
    if (sheet === null || first === undefined) return;
    const { curve, paint, notes } = first.examined;
    if (curve) {
      drawCurves(sheet, this.#shown.map(({ name, examined }) => (
        { name, curve: /** @type {import("./strokes.js").Curve} */ (examined.curve) }
      )));
    } else if (paint) paint(sheet);
    else drawWords(sheet, notes[0]);
  }
}

/** @param {Shown[]} shown @returns {string[]} with the filter's name unless both say it */
function notesOf([first, second]) {
  if (second === undefined) return first?.examined.notes ?? [];
  const [ours, theirs] = [first.examined.notes, second.examined.notes];
  return [
    ...ours.map((note) => (theirs.includes(note) ? note : `${first.name}: ${note}`)),
    ...theirs.filter((note) => !ours.includes(note)).map((note) => `${second.name}: ${note}`),
  ];
}

/** @param {string[]} cells a name and one value for each filter @returns {HTMLElement} */
function rowOf([name, ...values]) {
  const row = document.createElement("div");
  const nodes = [["dt", name], ...values.map((value) => ["dd", value])].map(([tag, content]) => {
    const node = document.createElement(tag);
    node.textContent = content;
    return node;
  });
  row.append(...nodes);
  return row;
}
