// @ts-check
/** The class definitions as questions, one at a time; the last answer votes. */
import { make, toggle } from "../lib/dialogs.js";
import { element } from "../lib/dom.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {{name: string, words: string, leads_to: string, label: number | null, reason: string}} Choice */
/** @typedef {{name: string, words: string, choices: Choice[]}} Question */
/** @typedef {import("./history.js").Step} Step */

/**
 * Wires the dialog: a digit or a click answers, Backspace goes a step back.
 * @param {HTMLDialogElement} dialog @param {Question[]} tree the first one begins
 * @param {Session} session
 * @returns {() => void} opens it
 */
export function wireQuestions(dialog, tree, session) {
  const body = element(dialog, "#questions-body", HTMLElement);
  /** @type {Step[]} */ let answers = [];

  /** @param {Question} question @param {Choice} choice */
  function answer(question, choice) {
    answers = [...answers, { question: question.name, answer: choice.name }];
    if (choice.label === null) return ask();
    const label = /** @type {import("./session.js").Label} */ (choice.label);
    dialog.close();
    session.vote(label, { reason: choice.reason, answers });
  }

  /** The question that the answers so far lead to. */
  function due() {
    return answers.reduce((question, given) => {
      const choice = question.choices.find(({ name }) => name === given.answer);
      return tree.find(({ name }) => name === choice?.leads_to) ?? question;
    }, tree[0]);
  }

  function ask() {
    const question = due();
    const buttons = question.choices.map((choice, i) => {
      const end = choice.label === null ? "" : `class ${choice.label}`;
      return make("button", { type: "button", className: `answer class-${choice.label ?? "unsure"}`, onclick: () => answer(question, choice) },
        make("span", { className: "class" }, String(i + 1)),
        make("span", {}, make("strong", {}, choice.words), make("span", {}, end)));
    });
    body.replaceChildren(
      make("p", { className: "quiet" }, `Question ${answers.length + 1}`),
      make("h3", {}, question.words),
      make("div", { className: "choices" }, ...buttons),
    );
    buttons[0]?.focus();
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.repeat) return;
    const button = body.querySelectorAll("button")[Number(event.key) - 1];
    if (!button && event.key !== "Backspace") return;
    event.preventDefault();
    if (button) return button.click();
    answers = answers.slice(0, -1);
    ask();
  });
  return () => {
    if (!dialog.open && !session.shown) return;
    answers = [];
    ask();
    toggle(dialog);
  };
}
