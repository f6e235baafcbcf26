// @ts-check
/** The dialog of the decision tree: one question at a time; the last answer casts the vote. */
import { toggleDialog } from "../lib/dialogs.js";
import { createElement, element } from "../lib/dom.js";
import { numberOf } from "../lib/key-bindings.js";

/** @typedef {import("./vote.js").Answer} Answer */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {{name: string, text: string, leads_to: string, label: number | null, reason: string}} Choice */
/** @typedef {{name: string, text: string, choices: Choice[]}} Question */

/**
 * Return the question that follows the answers.
 * @param {Question[]} tree @param {Answer[]} answers @returns {Question}
 */
function nextQuestion(tree, answers) {
  return answers.reduce((question, { answer }) => {
    const choice = question.choices.find(({ name }) => name === answer);
    return tree.find(({ name }) => name === choice?.leads_to) ?? question;
  }, tree[0]);
}

/** @param {Choice} choice @param {number} number @param {() => void} onclick */
function choiceButton({ label, text }, number, onclick) {
  const className = `answer class-${label ?? "unsure"}`;
  return createElement("button", { type: "button", className, onclick },
    createElement("span", { className: "class" }, String(number)),
    createElement("span", {},
      createElement("strong", {}, text),
      createElement("span", {}, label === null ? "" : `class ${label}`)));
}

/**
 * Wire the dialog: a digit or a click answers, Backspace goes one question back.
 * @param {HTMLDialogElement} dialog @param {Question[]} tree the first question comes first
 * @param {Session} session
 * @returns {() => void} a function that opens or closes the dialog
 */
export function wireQuestions(dialog, tree, session) {
  const body = element(dialog, "#questions-body", HTMLElement);
  /** @type {Answer[]} */ let answers = [];

  /** @param {Question} question @param {Choice} choice */
  function answer(question, choice) {
    answers = [...answers, { question: question.name, answer: choice.name }];
    if (choice.label === null) return showQuestion();
    const label = /** @type {import("./vote.js").Label} */ (choice.label);
    dialog.close();
    session.castVote(label, { reason: choice.reason, answers });
  }

  function showQuestion() {
    const question = nextQuestion(tree, answers);
    const buttons = question.choices.map((choice, i) => (
      choiceButton(choice, i + 1, () => answer(question, choice))
    ));
    body.replaceChildren(
      createElement("p", { className: "quiet" }, `Question ${answers.length + 1}`),
      createElement("h3", {}, question.text),
      createElement("div", { className: "choices" }, ...buttons),
    );
    buttons[0]?.focus();
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.repeat) return;
    const button = body.querySelectorAll("button")[(numberOf(event) ?? 0) - 1];
    if (!button && event.key !== "Backspace") return;
    event.preventDefault();
    if (button) return button.click();
    answers = answers.slice(0, -1);
    showQuestion();
  });
  return () => {
    if (!dialog.open && !session.candidate) return;
    answers = [];
    showQuestion();
    toggleDialog(dialog);
  };
}
