// @ts-check
/** The examine panel: a title, a plot and its numbers, of one filter or of two for comparison. */
import { createElement, element, setText } from "../lib/dom.js";
import { drawCurves } from "./curve-plot.js";
import { drawMessage, preparePlot } from "./plot-canvas.js";
import { PLOT_NAMES, examine } from "./plot-kinds.js";

/** @typedef {import("./target.js").Target} Target */
/** @typedef {import("./measurement.js").Measurement} Measurement */
/** @typedef {{name: string, measurement: Measurement}} Result of one filter */

/** Number of rows for two filters, whose values take a row each. */
const ROWS_OF_TWO = 7;

/** Examines targets and shows the results. */
export class ExaminePanel {
  #kind = "";
  /** @type {Result[]} one, or two to compare */ #results = [];
  #root; #canvas; #hint;

  /** @param {HTMLElement} root rendered by _examine.html */
  constructor(root) {
    this.#root = root;
    this.#canvas = element(root, "canvas", HTMLCanvasElement);
    this.#hint = element(root, ".examine-title", HTMLElement).textContent ?? "";
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
    const themeObserver = new MutationObserver(() => this.#draw());
    themeObserver.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /**
   * Examine a target and show the result.
   * @param {string} kind a key of PLOT_NAMES @param {Target} target
   * @param {{over?: boolean}} [options] over: draw it over the first plot, if both are such curves
   */
  show(kind, target, { over = false } = {}) {
    const measurement = examine(kind, target);
    const comparable = over && kind === this.#kind && measurement.curve;
    const first = comparable
      ? this.#results.slice(0, 1).filter((result) => result.measurement.curve) : [];
    this.#kind = kind;
    this.#results = [...first, { name: target.name, measurement }];
    this.#write(PLOT_NAMES[kind]);
    this.#draw();
  }

  /** Empty the panel. */
  clear() {
    this.#kind = "";
    this.#results = [];
    this.#write("");
    this.#draw();
  }

  /** @param {string} plotName empty for none */
  #write(plotName) {
    const names = this.#results.map(({ name }) => name);
    const capitalized = plotName && `${plotName[0].toUpperCase()}${plotName.slice(1)}`;
    const title = capitalized ? `${capitalized} · ${names.join(" and ")}` : this.#hint;
    setText(this.#root, ".examine-title", title);
    const two = names.length > 1;
    const rows = numberRows(this.#results);
    const visible = rows.filter(([, ...values]) => values.some((value) => value !== "–"));
    const list = element(this.#root, ".examine-numbers", HTMLElement);
    list.classList.toggle("two", two);
    list.replaceChildren(...[...(two ? [["", ...names]] : []), ...visible].map(rowElement));
    const notes = resultNotes(this.#results);
    // Without numbers the note is written in the plot.
    setText(this.#root, ".examine-notes", rows.length ? notes.join(" ") : "");
    const numbers = visible.map(([name, ...values]) => `${name} ${values.join(" against ")}`);
    this.#canvas.setAttribute("aria-label", [title, ...numbers, ...notes].join("; "));
  }

  #draw() {
    const plot = preparePlot(this.#canvas);
    const [first] = this.#results;
    if (plot === null || first === undefined) return;
    const { curve, paint, notes } = first.measurement;
    if (curve) {
      drawCurves(plot, this.#results.map(({ name, measurement }) => (
        { name, curve: /** @type {import("./drawing.js").Curve} */ (measurement.curve) }
      )));
    } else if (paint) paint(plot);
    else drawMessage(plot, notes[0]);
  }
}

/**
 * Return a name and one value for each filter; of two filters only the most important numbers.
 * @param {Result[]} results @returns {string[][]}
 */
function numberRows(results) {
  const numbers = results[0]?.measurement.numbers ?? [];
  return numbers.slice(0, results.length > 1 ? ROWS_OF_TWO : undefined).map(([name], i) => [
    name, ...results.map(({ measurement }) => measurement.numbers[i]?.[1] ?? "–"),
  ]);
}

/** @param {Result[]} results @returns {string[]} with the filter's name unless both have the note */
function resultNotes([first, second]) {
  if (second === undefined) return first?.measurement.notes ?? [];
  const [a, b] = [first.measurement.notes, second.measurement.notes];
  return [
    ...a.map((note) => (b.includes(note) ? note : `${first.name}: ${note}`)),
    ...b.filter((note) => !a.includes(note)).map((note) => `${second.name}: ${note}`),
  ];
}

/** @param {string[]} cells a name and one value for each filter @returns {HTMLElement} */
function rowElement([name, ...values]) {
  return createElement("div", {},
    createElement("dt", {}, name), ...values.map((value) => createElement("dd", {}, value)));
}
