// @ts-check
/**
 * The durable outbox: a vote is written here first and leaves when the server has said yes.
 * A reload, a lost network, a restarted server or an expired login loses none.
 */
import { ApiError } from "../lib/api.js";

/** @typedef {import("./vote-store.js").Waiting} Waiting */
/** @typedef {import("./vote-store.js").VoteStore} VoteStore */
/** @typedef {"saved" | "saving" | "offline" | "login" | "volatile"} Condition */
/** @typedef {{condition: Condition, waiting: number, refused: Waiting[]}} OutboxState */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const AT_ONCE = 4;

export class Outbox {
  /** @type {Waiting[]} */ #entries = [];
  /** @type {Set<number>} candidates with a request under way: one at a time keeps their order */
  #busy = new Set();
  #pause = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {"" | "offline" | "login"} */ #trouble = "";
  #onDisk = true;
  #store; #user; #send; #changed;

  /**
   * @param {VoteStore} store
   * @param {string} user whose votes these are; those of others on this computer stay untouched
   * @param {(entry: Waiting) => Promise<unknown>} send
   * @param {(state: OutboxState) => void} changed told about every change
   */
  constructor(store, user, send, changed) {
    this.#store = store;
    this.#user = user;
    this.#send = send;
    this.#changed = changed;
  }

  /** Takes up what an earlier page left behind. */
  async open() {
    const entries = (await this.#store.all()).filter(({ user }) => user === this.#user);
    this.#entries = [...entries, ...this.#entries];
    this.#tell();
    this.wake();
  }

  /** @returns {OutboxState} */
  get state() {
    const refused = this.#entries.filter((entry) => entry.refused);
    const waiting = this.#entries.length - refused.length;
    const condition = this.#trouble || (waiting === 0 ? "saved" : this.#onDisk ? "saving" : "volatile");
    return { condition, waiting, refused };
  }

  /** Candidates whose vote is on its way. */
  get candidates() {
    return new Set(this.#entries.map(({ candidate }) => candidate));
  }

  /**
   * Keeps the request on disk, then sends it.
   * @param {Pick<Waiting, "uuid" | "candidate" | "method" | "body">} request
   */
  async add(request) {
    // Time of day orders the votes across reloads; two in one millisecond still differ.
    const last = this.#entries.at(-1)?.seq ?? 0;
    const entry = { ...request, user: this.#user, seq: Math.max(last + 0.001, Date.now()) };
    this.#entries.push(entry);
    this.#tell();
    await this.#store.put(entry).catch(() => { this.#onDisk = false; });
    this.#pump();
  }

  /** Tries again at once: the network is back, or somebody has logged in. */
  wake() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pump();
  }

  /** Forgets the refused ones, after they were read. */
  async dismiss() {
    for (const { seq } of this.state.refused) await this.#forget(seq);
    this.#tell();
  }

  #pump() {
    while (this.#timer === undefined && this.#busy.size < AT_ONCE) {
      const entry = this.#entries.find((e) => !e.refused && !this.#busy.has(e.candidate));
      if (!entry) return;
      this.#busy.add(entry.candidate);
      this.#deliver(entry).finally(() => {
        this.#busy.delete(entry.candidate);
        this.#tell();
        this.#pump();
      });
    }
  }

  /** @param {Waiting} entry */
  async #deliver(entry) {
    try {
      await this.#send(entry);
    } catch (reason) {
      await this.#failed(entry, /** @type {Error} */ (reason));
      return;
    }
    this.#pause = 0;
    this.#trouble = "";
    await this.#forget(entry.seq);
  }

  /** @param {Waiting} entry @param {Error} reason */
  async #failed(entry, reason) {
    const answered = reason instanceof ApiError;
    if (answered && !reason.expired && !reason.passing) {
      entry.refused = reason.message;
      await this.#store.put(entry).catch(() => { this.#onDisk = false; });
      return;
    }
    this.#trouble = answered && reason.expired ? "login" : "offline";
    if (this.#timer !== undefined) return; // four that fail together are one failure
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2 || FIRST_PAUSE_MS);
    this.#timer = setTimeout(() => this.wake(), this.#pause);
  }

  /** @param {number} seq */
  async #forget(seq) {
    this.#entries = this.#entries.filter((entry) => entry.seq !== seq);
    // Should this fail, the next page sends it again, which changes nothing on the server.
    await this.#store.remove(seq).catch(() => { this.#onDisk = false; });
  }

  #tell() {
    this.#changed(this.state);
  }
}
