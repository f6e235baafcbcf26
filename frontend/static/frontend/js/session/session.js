// @ts-check
/** The work of one expert on the candidates of the queue: vote, skip, undo, back and forward. */
import { uuid4 } from "../lib/uuid.js";
import { voteRequest } from "./vote.js";

/** @typedef {import("./vote.js").Annotation} Annotation */
/** @typedef {import("../viewer/load.js").Candidate} Candidate */
/** @typedef {Pick<import("./queue.js").Queue, "current" | "advance" | "skip" | "putBack">} Queue */
/**
 * @typedef {Pick<import("./history.js").History, "votes" | "index" | "reviewedVote" | "candidate"
 *   | "retractedVoteOn" | "add" | "replace" | "retract" | "step" | "review">} History
 */
/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("../viewer/viewer.js").Viewer} Viewer */

/** A second press within this time is a bounce of the key, not a second vote. */
const BOUNCE_MS = 40;
/** The longest time of a vote that the server accepts: a day. */
const MAX_SECONDS = 86_400;

/** Connects viewer, queue, outbox and history; a vote counts only after its stamps were painted. */
export class Session {
  /** @type {Candidate | null} */ #candidate = null;
  /** @type {Annotation} */ annotation = { comment: "", flagged: false };
  /** @type {import("./vote.js").Certainty} of the coming vote, unless its key says another */
  certainty = "sure";
  /** @type {number | null} time at which all stamps of the candidate were on the screen */ #paintedAt = null;
  #pressedAt = 0;
  #queue; #outbox; #viewer; #displayOfVote; #onChange;

  /**
   * @param {Queue} queue @param {Outbox} outbox @param {Viewer} viewer
   * @param {History} history
   * @param {() => Record<string, unknown>} displayOfVote display settings stored with a vote
   * @param {(change: 1 | 0 | -1) => void} onChange another candidate is due and `refresh` shows it;
   *   called with the change in the number of votes
   */
  constructor(queue, outbox, viewer, history, displayOfVote, onChange) {
    this.#queue = queue;
    this.#outbox = outbox;
    this.#viewer = viewer;
    this.history = history;
    this.#displayOfVote = displayOfVote;
    this.#onChange = onChange;
  }

  /** The candidate to be shown: that of the reviewed vote, or the queue's current one. */
  get dueCandidate() {
    return this.history.reviewedVote ? this.history.candidate : this.#queue.current ?? null;
  }

  /** The candidate on the screen, complete or not. */
  get candidate() {
    return this.#candidate;
  }

  /** The vote on the candidate on the screen, as it is or was before it was taken back. */
  get currentVote() {
    return this.history.reviewedVote ?? this.retractedVote;
  }

  /** The vote that was taken back on the candidate on the screen. @returns {import("./vote.js").CastVote | null} */
  get retractedVote() {
    if (this.history.reviewedVote || !this.#candidate) return null;
    return this.history.retractedVoteOn(this.#candidate.item);
  }

  /** Show the due candidate as far as it is loaded; called whenever something has arrived. */
  refresh() {
    const candidate = this.dueCandidate;
    const isOther = candidate !== this.#candidate;
    this.#candidate = candidate;
    if (isOther) {
      this.#paintedAt = null;
      delete document.documentElement.dataset.painted;
      const { comment, flagged } = this.currentVote ?? { comment: "", flagged: false };
      this.annotation = { comment, flagged };
      this.certainty = "sure";
    }
    const complete = this.#viewer.show(candidate);
    if (!complete || this.#paintedAt !== null) return;
    // After this the frame with the last stamp is on the screen.
    requestAnimationFrame(() => setTimeout(() => {
      if (this.#candidate !== candidate || this.#paintedAt !== null) return;
      this.#paintedAt = performance.now();
      document.documentElement.dataset.painted = String(candidate?.item.candidate);
      if (this.#pressedAt) performance.measure("vote to next", { start: this.#pressedAt });
    }));
  }

  /**
   * Vote on the candidate on the screen and go on.
   * @param {import("./vote.js").Label} label @param {Partial<import("./vote.js").VoteDetail>} [detail]
   */
  castVote(label, { certainty = this.certainty, reason = "", answers = [] } = {}) {
    const candidate = this.#candidate;
    const now = performance.now();
    if (!candidate || this.#paintedAt === null || now - this.#pressedAt < BOUNCE_MS) return;
    this.#pressedAt = now;
    const vote = { uuid: uuid4(), label, certainty, reason, answers, ...this.annotation };
    this.#outbox.add(voteRequest(vote, candidate.item.candidate, {
      replaced: this.currentVote,
      seconds: Math.min(MAX_SECONDS, Math.round((now - this.#paintedAt) / 10) / 100),
      display: this.#displayOfVote(),
    }));
    if (this.history.reviewedVote) {
      this.history.replace(vote);
      this.history.step(1);
      this.#onChange(0);
    } else {
      this.history.add({ item: candidate.item, ...vote }, candidate);
      this.#queue.advance();
      this.#onChange(1);
    }
  }

  /**
   * Set comment and flag of the coming vote; a reviewed vote is sent again with them.
   * @param {Annotation} annotation
   */
  annotate(annotation) {
    this.annotation = annotation;
    const { reviewedVote } = this.history;
    if (reviewedVote) this.castVote(reviewedVote.label, reviewedVote);
  }

  /** Go on without a vote; the candidate comes back later. */
  skip() {
    if (!this.#candidate) return;
    this.#pressedAt = 0;
    if (this.history.reviewedVote) return this.step(1);
    this.#queue.skip();
    this.#onChange(0);
  }

  /** Take back the reviewed vote, or the last one, and show its candidate again. */
  undo() {
    const retracted = this.history.retract();
    if (!retracted) return;
    const { vote, candidate } = retracted;
    this.#pressedAt = 0;
    this.#outbox.add({ uuid: vote.uuid, candidate: vote.item.candidate, method: "DELETE" });
    this.#queue.putBack(candidate);
    this.#onChange(-1);
  }

  /** Go to the vote before or after; the queue follows the last one. @param {1 | -1} by */
  step(by) {
    this.#pressedAt = 0;
    if (this.history.step(by)) this.#onChange(0);
  }

  /** Go to a vote of the history. @param {number} index */
  review(index) {
    this.#pressedAt = 0;
    this.history.review(index);
    this.#onChange(0);
  }
}
