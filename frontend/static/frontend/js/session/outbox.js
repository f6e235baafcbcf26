// @ts-check
/**
 * The durable outbox of votes: each is stored on disk first and removed when the server has
 * confirmed it. A reload, a lost network, a restarted server or an expired log-in loses none.
 */
import { ApiError } from "../lib/api.js";

/** @typedef {import("./vote-store.js").OutboxEntry} OutboxEntry */
/** @typedef {import("./vote-store.js").VoteStore} VoteStore */
/** @typedef {"saved" | "saving" | "offline" | "login" | "volatile"} Condition volatile: not on disk */
/** @typedef {{condition: Condition, waiting: number, refused: OutboxEntry[]}} OutboxState */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const MAX_REQUESTS = 4;

/** Stores and sends votes, in order for each candidate. */
export class Outbox {
  /** @type {OutboxEntry[]} */ #entries = [];
  /** @type {Set<number>} candidates with a request under way: one at a time keeps their order */
  #busy = new Set();
  #pause = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {"" | "offline" | "login"} */ #problem = "";
  #onDisk = true;
  #store; #user; #send; #onChange;

  /**
   * @param {VoteStore} store
   * @param {string} user whose votes are sent; those of other users on this computer stay stored
   * @param {(entry: OutboxEntry) => Promise<unknown>} send
   * @param {(state: OutboxState) => void} onChange
   */
  constructor(store, user, send, onChange) {
    this.#store = store;
    this.#user = user;
    this.#send = send;
    this.#onChange = onChange;
  }

  /** Send the votes that an earlier page has left in the store. */
  async open() {
    const entries = (await this.#store.all()).filter(({ user }) => user === this.#user);
    this.#entries = [...entries, ...this.#entries];
    this.#notify();
    this.retry();
  }

  /** @returns {OutboxState} */
  get state() {
    const refused = this.#entries.filter((entry) => entry.refused);
    const waiting = this.#entries.length - refused.length;
    const condition = this.#problem || (waiting === 0 ? "saved" : this.#onDisk ? "saving" : "volatile");
    return { condition, waiting, refused };
  }

  /** Candidates with a vote in the outbox. */
  get candidates() {
    return new Set(this.#entries.map(({ candidate }) => candidate));
  }

  /**
   * Store a request on disk, then send it.
   * @param {Pick<OutboxEntry, "uuid" | "candidate" | "method" | "body">} request
   */
  async add(request) {
    // The time orders the votes across reloads; two in one millisecond still differ.
    const last = this.#entries.at(-1)?.seq ?? 0;
    const entry = { ...request, user: this.#user, seq: Math.max(last + 0.001, Date.now()) };
    this.#entries.push(entry);
    this.#notify();
    await this.#store.put(entry).catch(() => { this.#onDisk = false; });
    this.#sendNext();
  }

  /** Send at once, without waiting for the pause after a failure to end. */
  retry() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sendNext();
  }

  /** Remove the refused votes. */
  async dismiss() {
    for (const { seq } of this.state.refused) await this.#remove(seq);
    this.#notify();
  }

  #sendNext() {
    while (this.#timer === undefined && this.#busy.size < MAX_REQUESTS) {
      const entry = this.#entries.find((e) => !e.refused && !this.#busy.has(e.candidate));
      if (!entry) return;
      this.#busy.add(entry.candidate);
      this.#deliver(entry).finally(() => {
        this.#busy.delete(entry.candidate);
        this.#notify();
        this.#sendNext();
      });
    }
  }

  /** @param {OutboxEntry} entry */
  async #deliver(entry) {
    try {
      await this.#send(entry);
    } catch (reason) {
      await this.#onFailure(entry, /** @type {Error} */ (reason));
      return;
    }
    this.#pause = 0;
    this.#problem = "";
    await this.#remove(entry.seq);
  }

  /** @param {OutboxEntry} entry @param {Error} reason */
  async #onFailure(entry, reason) {
    const answered = reason instanceof ApiError;
    if (answered && !reason.expired && !reason.temporary) {
      entry.refused = reason.message;
      await this.#store.put(entry).catch(() => { this.#onDisk = false; });
      return;
    }
    this.#problem = answered && reason.expired ? "login" : "offline";
    if (this.#timer !== undefined) return; // simultaneous failures double the pause once
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2 || FIRST_PAUSE_MS);
    this.#timer = setTimeout(() => this.retry(), this.#pause);
  }

  /** @param {number} seq */
  async #remove(seq) {
    this.#entries = this.#entries.filter((entry) => entry.seq !== seq);
    // If this fails, the next page sends the vote again, which changes nothing on the server.
    await this.#store.remove(seq).catch(() => { this.#onDisk = false; });
  }

  #notify() {
    this.#onChange(this.state);
  }
}
