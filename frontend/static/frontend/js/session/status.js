// @ts-check
/** Where the votes are and why nothing is on show, in words. */
import { element, text } from "../lib/dom.js";

/** @typedef {import("./outbox.js").OutboxState} OutboxState */
/** @typedef {import("./queue.js").Supply} Supply */
/** @typedef {{voted_today: number, voted: number, left: number, votes_needed: number}} Progress */

/** @param {OutboxState} state @returns {string} */
export function outboxWords({ condition, waiting }) {
  const votes = waiting === 1 ? "1 vote" : `${waiting} votes`;
  return {
    saved: "saved",
    saving: `saving (${waiting})`,
    offline: `waiting for network (${waiting})`,
    login: `log in to save (${waiting})`,
    volatile: `${votes} not on disk: keep the page open`,
  }[condition];
}

/**
 * Why there is no candidate, and what to do.
 * @param {Supply} supply @param {string} detail @param {Progress | null} progress
 * @param {boolean} narrowed whether a filter is on
 * @returns {[title: string, advice: string]}
 */
export function supplyWords(supply, detail, progress, narrowed) {
  if (supply === "offline") return ["The server cannot be reached", "Votes given so far wait in this browser. The page asks again by itself."];
  if (supply === "login") return ["Your log-in has expired", "Log in again; votes given so far wait in this browser."];
  if (supply === "refused") return ["The queue refuses", `${detail} The page asks again by itself.`];
  if (supply !== "empty") return ["Fetching candidates", "A moment."];
  if (progress?.left === 0) {
    return ["Nothing left to classify here", "You have voted on everything that still needs votes. Choose another field, or come back after the next import."];
  }
  if (narrowed) {
    return ["Nothing passes the filter", "Of what still needs your vote, nothing passes it, or others are looking at it. The page asks again every 20 seconds."];
  }
  return ["Nothing free at the moment", "What is left is being looked at by others or was skipped a moment ago. The page asks again every 20 seconds."];
}

export class Status {
  /** @type {Progress | null} */ progress = null;
  /** @type {[Supply, string]} */ #supply = ["asking", ""];
  #root; #cast = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {string} words a passing remark; none clears the line */
  say(words) {
    text(this.#root, "#note", words);
  }

  /** @param {OutboxState} state */
  outbox(state) {
    const line = element(this.#root, "#outbox", HTMLElement);
    line.dataset.condition = state.condition;
    text(this.#root, "#outbox", outboxWords(state));
    element(this.#root, "#login-notice", HTMLElement).hidden = state.condition !== "login";
    element(this.#root, "#refused", HTMLElement).hidden = state.refused.length === 0;
    const reasons = new Set(state.refused.map(({ refused }) => refused));
    text(this.#root, "#refused-reason", `${state.refused.length} not accepted: ${[...reasons].join(" ")}`);
  }

  /** @param {Progress} progress as of the server, now */
  counted(progress) {
    this.progress = progress;
    this.#cast = 0;
    this.#count();
    this.supply(...this.#supply);
  }

  /** @param {number} change votes cast (or taken back) since */
  cast(change) {
    this.#cast += change;
    this.#count();
  }

  #count() {
    if (!this.progress) return;
    text(this.#root, "#today", String(this.progress.voted_today + this.#cast));
    text(this.#root, "#left", String(Math.max(0, this.progress.left - this.#cast)));
  }

  /** @param {Supply} supply @param {string} detail */
  supply(supply, detail) {
    this.#supply = [supply, detail];
    const [title, advice] = supplyWords(supply, detail, this.progress, "filtered" in this.#root.dataset);
    text(this.#root, "#queue-title", title);
    text(this.#root, "#queue-advice", advice);
    element(this.#root, "#queue-links", HTMLElement).hidden = supply !== "empty";
    if (supply === "login") element(this.#root, "#login-notice", HTMLElement).hidden = false;
  }
}
