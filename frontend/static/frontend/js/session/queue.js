// @ts-check
/** The current candidate and the next ones: leased, loaded and decoded ahead of time. */
import { ApiError } from "../lib/api.js";

/** @typedef {import("../viewer/load.js").Item} Item */
/** @typedef {import("../viewer/load.js").Candidate} Candidate */
/**
 * @typedef {{lease(count: number): Promise<Item[]>, renew(lease: number): Promise<unknown>,
 *   skip(lease: number): Promise<unknown>, release(lease: number): Promise<unknown>}} LeaseRequests
 */
/** @typedef {"loading" | "ready" | "empty" | "offline" | "login" | "refused"} QueueState */

/**
 * The current candidate and the next five: on a slow line a block takes more than a second to
 * arrive, in which an expert at four votes a second would use up three.
 */
const PREFETCHED = 6;
/** Leased in one request: a browser makes six requests at a time, and votes need some of them. */
const BLOCK = 3;
/** More than can be leased or requested at a time. */
const MAX_REMEMBERED = 20;
const RETRY_MS = 2000;
const EMPTY_RETRY_MS = 20_000;

/** Keeps candidates ready, so that the next one never waits for the network. */
export class Queue {
  /** @type {Candidate[]} the current one first */ #candidates = [];
  /** @type {Set<number>} just voted on: a request under way may still lease them */ #voted = new Set();
  /** candidates requested that have not arrived yet */ #requested = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #requests; #load; #pendingVotes; #onChange;

  /**
   * @param {LeaseRequests} requests
   * @param {(item: Item) => Candidate} load
   * @param {() => Set<number>} pendingVotes candidates whose votes may not have reached the server
   * @param {(state: QueueState, detail: string) => void} onChange
   */
  constructor(requests, load, pendingVotes, onChange) {
    this.#requests = requests;
    this.#load = load;
    this.#pendingVotes = pendingVotes;
    this.#onChange = onChange;
  }

  /** The candidate to classify. @returns {Candidate | undefined} */
  get current() {
    return this.#candidates[0];
  }

  /** All candidates, the current one first. */
  get candidates() {
    return [...this.#candidates];
  }

  /**
   * Lease candidates before they run short; try again later if there are none. A request does not
   * wait for the one before it, because a fast expert on a slow line would run out of candidates.
   */
  async fill() {
    const total = this.#candidates.length + this.#requested;
    if (total > PREFETCHED) return;
    const count = PREFETCHED + BLOCK - total;
    clearTimeout(this.#timer);
    this.#requested += count;
    if (!this.current) this.#onChange("loading", "");
    try {
      this.#add(await this.#requests.lease(count));
      if (this.current) this.#onChange("ready", "");
      else this.#retryLater("empty", "", EMPTY_RETRY_MS);
    } catch (reason) {
      this.#onFailure(/** @type {Error} */ (reason));
    } finally {
      this.#requested -= count;
    }
  }

  /** @param {Item[]} items */
  #add(items) {
    const excluded = new Set([
      ...this.#candidates.map(({ item }) => item.candidate), ...this.#voted, ...this.#pendingVotes(),
    ]);
    for (const item of items) {
      if (!excluded.has(item.candidate)) this.#candidates.push(this.#load(item));
      excluded.add(item.candidate);
    }
  }

  /** @param {Error} reason */
  #onFailure(reason) {
    const temporary = !(reason instanceof ApiError) || reason.temporary;
    if (temporary) this.#retryLater("offline", reason.message, RETRY_MS);
    else if (reason.expired) this.#retryLater("login", reason.message, RETRY_MS);
    else this.#retryLater("refused", reason.message, EMPTY_RETRY_MS);
  }

  /** @param {QueueState} state @param {string} detail @param {number} pause milliseconds */
  #retryLater(state, detail, pause) {
    this.#timer = setTimeout(() => this.fill(), pause);
    if (!this.current) this.#onChange(state, detail);
  }

  /** Go on to the next candidate after a vote. */
  advance() {
    const candidate = this.#candidates.shift();
    if (candidate) this.#voted.add(candidate.item.candidate);
    const [oldest] = this.#voted;
    if (this.#voted.size > MAX_REMEMBERED) this.#voted.delete(oldest);
    this.fill();
  }

  /** Go on to the next candidate without a vote; the current one comes back later. */
  skip() {
    const candidate = this.#candidates.shift();
    // If the request fails, the lease ends in time and the candidate may come back sooner.
    if (candidate?.leased) this.#requests.skip(candidate.item.lease.id).catch(() => undefined);
    this.fill();
  }

  /** Put a candidate back in front; its vote has ended its lease. @param {Candidate} candidate */
  putBack(candidate) {
    this.#voted.delete(candidate.item.candidate);
    candidate.leased = false;
    this.#candidates.unshift(candidate);
  }

  /** Renew the leases; drop candidates that lost theirs, except the one on the screen. */
  async renew() {
    await Promise.all(this.#candidates.filter(({ leased }) => leased).map(async (candidate) => {
      try {
        await this.#requests.renew(candidate.item.lease.id);
      } catch (reason) {
        if (!(reason instanceof ApiError) || reason.expired || reason.temporary) return;
        candidate.leased = false;
        if (candidate === this.current) return;
        this.#candidates = this.#candidates.filter((other) => other !== candidate);
      }
    }));
    this.fill();
  }

  /** Release all leases, so that other experts get the candidates at once. */
  close() {
    clearTimeout(this.#timer);
    for (const { item, leased } of this.#candidates.splice(0)) {
      if (leased) this.#requests.release(item.lease.id).catch(() => undefined);
    }
  }
}
