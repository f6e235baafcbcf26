// @ts-check
/** The last ten votes of the session as buttons that lead back to them. */
import { createElement, element } from "../lib/dom.js";

/** @typedef {import("./session.js").Session} Session */

const MAX_SHOWN = 10;

/** @param {import("./vote.js").CastVote} vote @param {() => void} onclick */
function voteButton({ item, label, flagged }, onclick) {
  const text = label === "unsure" ? "u" : String(label);
  const badge = createElement("span", { className: `class class-${label}` }, text);
  const hidden = `, my vote on ${item.galaxy}${flagged ? ", flagged" : ""}`;
  const title = `Go back to ${item.galaxy} ${item.catalogue_id}`;
  return createElement("button", { type: "button", className: "plain", title, onclick },
    badge, " ", item.catalogue_id, flagged ? " ⚑" : "",
    createElement("span", { className: "unseen" }, hidden));
}

/**
 * Show the last ten votes, or ten that contain the reviewed one.
 * @param {HTMLElement} root @param {Session} session
 */
export function showRecentVotes(root, session) {
  const { votes, index: reviewed } = session.history;
  const last = reviewed === null ? votes.length : Math.max(reviewed + 1, MAX_SHOWN);
  const first = Math.max(0, Math.min(last, votes.length) - MAX_SHOWN);
  const recent = votes.slice(first, first + MAX_SHOWN);
  element(root, "#recent-votes", HTMLOListElement).replaceChildren(...recent.map((vote, i) => {
    const index = first + i;
    const button = voteButton(vote, () => session.review(index));
    if (index === reviewed) button.setAttribute("aria-current", "true");
    return createElement("li", {}, button);
  }));
}
