// @ts-check
/** The last ten votes of the session as buttons that lead back to them. */
import { createElement, element } from "../lib/dom.js";
import { voteDetails } from "./vote.js";

/** @typedef {import("./session.js").Session} Session */

const MAX_SHOWN = 10;

/**
 * @param {import("./vote.js").CastVote} vote @param {Record<string, string>} reasons
 * @param {() => void} onclick
 */
function voteButton(vote, reasons, onclick) {
  const { item, label, certainty, reason, flagged, comment } = vote;
  const text = label === "unsure" ? "u" : String(label);
  const marks = [certainty === "possible" ? "?" : "", reason, flagged ? "⚑" : "", comment && "✎"]
    .filter((mark) => mark !== "").join(" ");
  const details = voteDetails(vote, reasons);
  const badge = createElement("span", { className: `class class-${label}` }, text);
  const name = `${item.galaxy} ${item.catalogue_id}`;
  const title = [`Go back to ${name}`, ...details].join(", ");
  return createElement("button", { type: "button", className: "plain", title, onclick },
    badge, " ", item.catalogue_id,
    ...(marks ? [createElement("span", { className: "quiet marks", ariaHidden: "true" }, marks)] : []),
    createElement("span", { className: "unseen" }, [`, my vote on ${item.galaxy}`, ...details].join(", ")));
}

/**
 * Show the last ten votes, or ten that contain the reviewed one.
 * @param {HTMLElement} root @param {Session} session @param {Record<string, string>} reasons
 */
export function showRecentVotes(root, session, reasons) {
  const { votes, index: reviewed } = session.history;
  const last = reviewed === null ? votes.length : Math.max(reviewed + 1, MAX_SHOWN);
  const first = Math.max(0, Math.min(last, votes.length) - MAX_SHOWN);
  const recent = votes.slice(first, first + MAX_SHOWN);
  element(root, "#recent-votes", HTMLOListElement).replaceChildren(...recent.map((vote, i) => {
    const index = first + i;
    const button = voteButton(vote, reasons, () => session.review(index));
    if (index === reviewed) button.setAttribute("aria-current", "true");
    return createElement("li", {}, button);
  }));
}
