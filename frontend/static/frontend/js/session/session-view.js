// @ts-check
/** The state of the session on the page: which parts are visible, which buttons are pressed. */
import { element, setText } from "../lib/dom.js";
import { keyOf } from "../lib/key-bindings.js";
import { showRecentVotes } from "./recent-votes.js";
import { voteDetails } from "./vote.js";

/**
 * Return all that a vote says, in words.
 * @param {import("./vote.js").Vote} vote @param {Record<string, string>} reasons as below
 */
export function voteText(vote, reasons) {
  const label = vote.label === "unsure" ? "unsure" : `class ${vote.label}`;
  return [label, ...voteDetails(vote, reasons)].join(", ");
}

/**
 * Show the session's candidate with its vote, flag and failure, and the recent votes.
 * @param {HTMLElement} root @param {import("./session.js").Session} session
 * @param {import("./status.js").Status} status
 * @param {import("../lib/key-bindings.js").KeyBinding[]} bindings
 * @param {Record<string, string>} reasons texts of the reasons for class 4
 */
export function showSession(root, session, status, bindings, reasons) {
  const { candidate, currentVote, annotation } = session;
  element(root, "#viewer", HTMLElement).hidden = !candidate;
  element(root, "#queue-note", HTMLElement).hidden = Boolean(candidate);
  const failure = candidate?.failure ?? "";
  setText(root, "#failure", failure && `The stamps cannot be shown: ${failure}`);
  element(root, "#failed", HTMLElement).hidden = failure === "";
  for (const button of root.querySelectorAll(".answer")) {
    button.ariaPressed = String(button.getAttribute("data-label") === String(currentVote?.label));
  }
  element(root, "[data-action='possible']", HTMLButtonElement).ariaPressed = String(
    session.certainty === "possible",
  );
  const flag = element(root, "[data-action='flag']", HTMLButtonElement);
  flag.ariaPressed = String(annotation.flagged || annotation.comment !== "");
  if (session.retractedVote) status.showNote("Vote taken back. You can vote again.");
  else if (session.history.reviewedVote) {
    const key = keyOf(bindings, "next") || keyOf(bindings, "skip");
    const howToGoOn = key ? `press ${key} to go on` : "skip to go on";
    const vote = voteText(session.history.reviewedVote, reasons);
    status.showNote(`Your earlier vote: ${vote}. Vote again to change it, or ${howToGoOn}.`);
  }
  showRecentVotes(root, session, reasons);
}
