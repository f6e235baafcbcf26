// @ts-check
/** The status of votes and queue in words, and the numbers of votes. */
import { element, setText } from "../lib/dom.js";

/** @typedef {import("./outbox.js").OutboxState} OutboxState */
/** @typedef {import("./queue.js").QueueState} QueueState */
/** @typedef {{voted_today: number, voted: number, left: number, votes_needed: number}} Progress */

/** @param {number} count @returns {string} */
const votes = (count) => (count === 1 ? "1 vote" : `${count} votes`);

/** @param {OutboxState} state @returns {string} */
function outboxText({ condition, waiting }) {
  return {
    saved: "saved",
    saving: `saving (${waiting})`,
    offline: `waiting for network (${waiting})`,
    login: `log in to save (${waiting})`,
    volatile: `${votes(waiting)} not on disk: keep this page open`,
  }[condition];
}

/**
 * Return why there is no candidate, and what happens next or can be done.
 * @param {QueueState} state @param {string} detail @param {Progress | null} progress
 * @param {boolean} filtered true if the queue has a filter
 * @returns {[title: string, advice: string]}
 */
function queueText(state, detail, progress, filtered) {
  if (state === "offline") {
    return ["The server cannot be reached", "Your votes are kept in this browser. The page tries again by itself."];
  }
  if (state === "login") {
    return ["Your log-in has expired", "Log in again. Your votes are kept in this browser."];
  }
  if (state === "refused") return ["The queue refused the request", `${detail} The page tries again by itself.`];
  if (state !== "empty") return ["Loading candidates", "Please wait."];
  if (progress?.left === 0) {
    return ["No candidates left", "You have voted on every candidate here that needs votes. Choose another field, or come back after the next import."];
  }
  if (filtered) {
    return ["No candidate passes the filter", "Candidates that pass it have your vote, or other experts have them now. The page tries again every 20 seconds."];
  }
  return ["No candidate is free now", "Other experts have the remaining candidates, or you skipped them a moment ago. The page tries again every 20 seconds."];
}

/** Shows the status on the classify page. */
export class Status {
  /** @type {Progress | null} as the server last counted */ #progress = null;
  /** @type {[QueueState, string]} */ #queue = ["loading", ""];
  /** votes cast since, less those taken back */ #change = 0;
  #root;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** Show a note beside the recent votes; an empty one hides it. @param {string} note */
  showNote(note) {
    setText(this.#root, "#note", note);
  }

  /** Show how many votes wait or were refused. @param {OutboxState} state */
  showOutbox(state) {
    const { condition, refused } = state;
    element(this.#root, "#outbox", HTMLElement).dataset.condition = condition;
    setText(this.#root, "#outbox", outboxText(state));
    element(this.#root, "#login-notice", HTMLElement).hidden = condition !== "login";
    element(this.#root, "#refused", HTMLElement).hidden = refused.length === 0;
    const reasons = new Set(refused.map((entry) => entry.refused));
    setText(this.#root, "#refused-reason", `${votes(refused.length)} not accepted: ${[...reasons].join(" ")}`);
  }

  /** Show the server's count. @param {Progress} progress */
  showProgress(progress) {
    this.#progress = progress;
    this.#change = 0;
    this.#writeCounts();
    this.showQueue(...this.#queue);
  }

  /** Add votes cast since the server's count. @param {number} change negative for votes taken back */
  addVotes(change) {
    this.#change += change;
    this.#writeCounts();
  }

  /** Show why there is no candidate. @param {QueueState} state @param {string} detail */
  showQueue(state, detail) {
    this.#queue = [state, detail];
    const filtered = "filtered" in this.#root.dataset;
    const [title, advice] = queueText(state, detail, this.#progress, filtered);
    setText(this.#root, "#queue-title", title);
    setText(this.#root, "#queue-advice", advice);
    element(this.#root, "#queue-links", HTMLElement).hidden = state !== "empty";
    if (state === "login") element(this.#root, "#login-notice", HTMLElement).hidden = false;
  }

  #writeCounts() {
    if (!this.#progress) return;
    setText(this.#root, "#today", String(this.#progress.voted_today + this.#change));
    setText(this.#root, "#left", String(Math.max(0, this.#progress.left - this.#change)));
  }
}
