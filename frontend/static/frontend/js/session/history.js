// @ts-check
/** The votes of this session in order, which of them is reviewed, and those taken back. */
import { storedName } from "../lib/address.js";

/** @typedef {import("../viewer/load.js").Item} Item */
/** @typedef {import("../viewer/load.js").Candidate} Candidate */
/** @typedef {import("./vote.js").Vote} Vote */
/** @typedef {import("./vote.js").CastVote} CastVote */

/** Number of past candidates whose images stay in memory; those of older ones are loaded again. */
const MAX_LOADED = 20;
/** Number of votes that can be reviewed after a reload. */
const MAX_STORED = 300;
/**
 * A vote that was taken back longer ago is not offered again when another lease brings its
 * candidate: that lease may be a hidden repeat of a vote given elsewhere since.
 */
const RETRACTED_FOR_MS = 3_600_000;

/** The history of a session; it survives a reload of the page. */
export class History {
  /** @type {CastVote[]} oldest first */ #votes;
  /** @type {(CastVote & {at: number})[]} taken back and not cast again, latest last */ #retracted;
  /** @type {number | null} index in #votes; null: the queue's candidate is shown */ #index = null;
  /** @type {Map<string, Candidate>} by the vote's UUID */ #candidates = new Map();
  #key; #load;

  /** @param {string} user @param {(item: Item) => Candidate} load */
  constructor(user, load) {
    this.#key = storedName(`asterism-session-${user}`);
    this.#load = load;
    this.#votes = readStored(this.#key);
    this.#retracted = readStored(`${this.#key}-undone`);
  }

  /** All votes, oldest first. */
  get votes() {
    return this.#votes;
  }

  /** Index of the reviewed vote, or null. */
  get index() {
    return this.#index;
  }

  /** The vote that is reviewed, if any. */
  get reviewedVote() {
    return this.#index === null ? null : this.#votes[this.#index];
  }

  /** The candidate of the reviewed vote, if any. */
  get candidate() {
    return this.reviewedVote && this.#candidateOf(this.reviewedVote);
  }

  /**
   * Return the vote on this candidate that was taken back, if any. The candidate may have been
   * leased twice: the vote under this lease comes first.
   * @param {Item} item @returns {CastVote | null}
   */
  retractedVoteOn({ candidate, lease }) {
    const votes = this.#retracted.filter(({ item }) => item.candidate === candidate);
    return votes.findLast(({ item }) => item.lease.id === lease.id)
      ?? votes.findLast(({ at }) => Date.now() - at < RETRACTED_FOR_MS) ?? null;
  }

  /** Append a vote. @param {CastVote} vote @param {Candidate} candidate */
  add(vote, candidate) {
    const retracted = this.retractedVoteOn(vote.item);
    this.#retracted = this.#retracted.filter((other) => other !== retracted);
    this.#votes.push(vote);
    this.#keep(vote.uuid, candidate);
    this.#store();
  }

  /** Replace the reviewed vote. @param {Vote} vote */
  replace(vote) {
    if (!this.reviewedVote || this.#index === null) return;
    const { item, uuid } = this.reviewedVote;
    const candidate = this.#candidateOf(this.reviewedVote);
    this.#candidates.delete(uuid);
    this.#keep(vote.uuid, candidate);
    this.#votes[this.#index] = { item, ...vote };
    this.#store();
  }

  /**
   * Remove the reviewed vote, or the last one if none is reviewed.
   * @returns {{vote: CastVote, candidate: Candidate} | null}
   */
  retract() {
    const [vote] = this.#votes.splice(this.#index ?? this.#votes.length - 1, 1);
    this.#index = null;
    if (!vote) return null;
    const candidate = this.#candidateOf(vote);
    this.#candidates.delete(vote.uuid);
    this.#retracted.push({ ...vote, at: Date.now() });
    this.#store();
    return { vote, candidate };
  }

  /** Review the vote before or after. @param {1 | -1} by @returns {boolean} false at the ends */
  step(by) {
    const next = (this.#index ?? this.#votes.length) + by;
    if (next < 0 || next > this.#votes.length) return false;
    this.review(next);
    return true;
  }

  /** Review a vote; the index after the last one is the queue. @param {number} index */
  review(index) {
    this.#index = index < this.#votes.length ? index : null;
  }

  /** @param {CastVote} vote @returns {Candidate} */
  #candidateOf(vote) {
    const candidate = this.#candidates.get(vote.uuid) ?? this.#load(vote.item);
    this.#keep(vote.uuid, candidate);
    return candidate;
  }

  /** @param {string} uuid @param {Candidate} candidate */
  #keep(uuid, candidate) {
    this.#candidates.delete(uuid);
    this.#candidates.set(uuid, candidate);
    const [oldest] = this.#candidates.keys();
    if (this.#candidates.size > MAX_LOADED) this.#candidates.delete(oldest);
  }

  #store() {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#votes.slice(-MAX_STORED)));
      sessionStorage.setItem(`${this.#key}-undone`, JSON.stringify(this.#retracted.slice(-MAX_STORED)));
    } catch {
      // Storage refused or full: the history ends with the page.
    }
  }
}

/** @param {string} key @returns {any[]} */
function readStored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]");
  } catch {
    return []; // storage refused or invalid: the history starts empty
  }
}
