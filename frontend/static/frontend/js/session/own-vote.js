// @ts-check
/** The user's vote on the one candidate of a page. */

/** @typedef {import("../viewer/load.js").Candidate} Candidate */
/** @typedef {import("./vote.js").Vote} Vote */
/** @typedef {import("./vote.js").CastVote} CastVote */

/** In place of the history and the queue of a session, which then has one candidate. */
export class OwnVote {
  /** @type {CastVote | null} */ #vote;
  /** @type {CastVote | null} taken back on this page */ #retracted = null;
  #candidate;
  /** None of other candidates can be reviewed. @type {CastVote[]} */ votes = [];
  /** @type {null} */ index = null;

  /** @param {Candidate} candidate @param {Vote | null} vote as the server has it */
  constructor(candidate, vote) {
    this.#candidate = candidate;
    this.#vote = vote && { item: candidate.item, ...vote };
  }

  /** The vote, if there is one. */
  get reviewedVote() {
    return this.#vote;
  }

  /** The candidate, as the history has it. */
  get candidate() {
    return this.#candidate;
  }

  /** The candidate, as the queue has it. */
  get current() {
    return this.#candidate;
  }

  /** The vote that was taken back, if any. */
  retractedVoteOn() {
    return this.#vote ? null : this.#retracted;
  }

  /** @param {CastVote} vote */
  add(vote) {
    this.#vote = vote;
  }

  /** @param {Vote} vote */
  replace(vote) {
    this.#vote = { item: this.#candidate.item, ...vote };
  }

  /** Take the vote back. @returns {{vote: CastVote, candidate: Candidate} | null} */
  retract() {
    const vote = this.#vote;
    if (!vote) return null;
    this.#retracted = vote;
    this.#vote = null;
    return { vote, candidate: this.#candidate };
  }

  /** There is no other vote to review. */
  step() {
    return false;
  }

  review() {}

  advance() {}

  skip() {}

  putBack() {}
}
