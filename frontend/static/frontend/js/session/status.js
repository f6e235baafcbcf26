// @ts-check
/** The status of votes and queue in words, and the numbers of votes. */
import { element, setText } from "../lib/dom.js";

/** @typedef {import("./outbox.js").OutboxState} OutboxState */
/** @typedef {import("./queue.js").QueueState} QueueState */
/** @typedef {{voted_today: number, voted: number, left: number, votes_needed: number}} Progress */

const KEPT = "Your votes are kept in this browser.";
const RETRIED = "The page tries again by itself.";
const RETRIED_LATER = "The page tries again every 20 seconds.";

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
  switch (state) {
    case "offline":
      return ["The server cannot be reached", `${KEPT} ${RETRIED}`];
    case "login":
      return ["Your log-in has expired", `Log in again. ${KEPT}`];
    case "refused":
      return ["The queue refused the request", `${detail} ${RETRIED}`];
    case "empty":
      return emptyQueueText(progress, filtered);
    default:
      return ["Loading candidates", "Please wait."];
  }
}

/**
 * @param {Progress | null} progress @param {boolean} filtered
 * @returns {[title: string, advice: string]}
 */
function emptyQueueText(progress, filtered) {
  if (progress?.left === 0 && !filtered) {
    return ["No candidates left", "You have voted on every candidate here that needs votes. "
      + "Choose another field, or come back after the next import."];
  }
  if (filtered) {
    return ["No candidate passes the filter", "You have voted on the candidates that pass it, "
      + `or other experts have them now. ${RETRIED_LATER}`];
  }
  return ["No candidate is free now", "Other experts have the remaining candidates, "
    + `or you skipped them a moment ago. ${RETRIED_LATER}`];
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
    const refusal = `${votes(refused.length)} not accepted: ${[...reasons].join(" ")}`;
    setText(this.#root, "#refused-reason", refusal);
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
