// @ts-check
/** The candidates in hand: the current one and the next, leased, fetched and decoded. */
import { ApiError } from "../lib/api.js";

/** @typedef {import("../viewer/load.js").Item} Item */
/** @typedef {import("../viewer/load.js").Loaded} Loaded */
/**
 * What the queue asks of the server.
 * @typedef {{lease(count: number): Promise<Item[]>, renew(lease: number): Promise<unknown>,
 *   skip(lease: number): Promise<unknown>, handBack(lease: number): Promise<unknown>}} Leases
 */
/** @typedef {"asking" | "ready" | "empty" | "offline" | "login" | "refused"} Supply */

/**
 * The current one and the next five. On a slow line a block takes more than a second to arrive;
 * at four votes a second three would be used up.
 */
const ENOUGH = 6;
/** So many are asked for at once: a browser makes six requests at a time, and votes need them. */
const BLOCK = 3;
/** More than can be in hand or asked for. */
const REMEMBERED = 20;
const PAUSE_MS = 2000;
const EMPTY_PAUSE_MS = 20_000;

export class Queue {
  /** @type {Loaded[]} the current one first */ #hand = [];
  /** @type {Set<number>} just answered: a request under way may not know it yet */ #answered = new Set();
  /** candidates asked for that have not come yet */ #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #leases; #load; #onItsWay; #changed;

  /**
   * @param {Leases} leases
   * @param {(item: Item) => Loaded} load
   * @param {() => Set<number>} onItsWay candidates whose votes the server may not know yet
   * @param {(supply: Supply, detail: string) => void} changed
   */
  constructor(leases, load, onItsWay, changed) {
    this.#leases = leases;
    this.#load = load;
    this.#onItsWay = onItsWay;
    this.#changed = changed;
  }

  /** @returns {Loaded | undefined} */
  get current() {
    return this.#hand[0];
  }

  /** All in hand, the current one first. */
  get hand() {
    return [...this.#hand];
  }

  /**
   * Asks for candidates before they run short; again later when there are none. A request does
   * not wait for the one before: a quick expert on a slow line would run dry.
   */
  async fill() {
    const have = this.#hand.length + this.#asked;
    if (have > ENOUGH) return;
    const count = ENOUGH + BLOCK - have;
    clearTimeout(this.#timer);
    this.#asked += count;
    if (!this.current) this.#changed("asking", "");
    try {
      this.#take(await this.#leases.lease(count));
      if (this.current) this.#changed("ready", "");
      else this.#later("empty", "", EMPTY_PAUSE_MS);
    } catch (reason) {
      this.#failed(/** @type {Error} */ (reason));
    } finally {
      this.#asked -= count;
    }
  }

  /** @param {Item[]} items */
  #take(items) {
    const known = new Set([
      ...this.#hand.map(({ item }) => item.candidate), ...this.#answered, ...this.#onItsWay(),
    ]);
    for (const item of items) {
      if (!known.has(item.candidate)) this.#hand.push(this.#load(item));
      known.add(item.candidate);
    }
  }

  /** @param {Error} reason */
  #failed(reason) {
    if (!(reason instanceof ApiError)) this.#later("offline", reason.message, PAUSE_MS);
    else if (reason.expired) this.#later("login", reason.message, PAUSE_MS);
    else this.#later("refused", reason.message, EMPTY_PAUSE_MS);
  }

  /** @param {Supply} supply @param {string} detail @param {number} pause milliseconds */
  #later(supply, detail, pause) {
    this.#timer = setTimeout(() => this.fill(), pause);
    if (!this.current) this.#changed(supply, detail);
  }

  /** The current one is answered: on to the next. */
  answered() {
    const done = this.#hand.shift();
    if (done) this.#answered.add(done.item.candidate);
    const [oldest] = this.#answered;
    if (this.#answered.size > REMEMBERED) this.#answered.delete(oldest);
    this.fill();
  }

  /** The current one comes back later: on to the next. */
  skip() {
    const skipped = this.#hand.shift();
    // The skip only spares the expert a repetition: without it the lease simply ends in time.
    if (skipped?.leased) this.#leases.skip(skipped.item.lease.id).catch(() => undefined);
    this.fill();
  }

  /** Puts an answered one back in front, without a lease: its vote has ended that. @param {Loaded} loaded */
  back(loaded) {
    this.#answered.delete(loaded.item.candidate);
    loaded.leased = false;
    this.#hand.unshift(loaded);
  }

  /** Keeps the leases alive; one that is lost takes its candidate along, unless it is on screen. */
  async renew() {
    await Promise.all(this.#hand.filter(({ leased }) => leased).map(async (loaded) => {
      try {
        await this.#leases.renew(loaded.item.lease.id);
      } catch (reason) {
        if (!(reason instanceof ApiError) || reason.expired || reason.passing) return;
        loaded.leased = false;
        if (loaded !== this.current) this.#hand = this.#hand.filter((other) => other !== loaded);
      }
    }));
    this.fill();
  }

  /** Hands every lease back, so that others need not wait until they end. */
  close() {
    clearTimeout(this.#timer);
    for (const { item, leased } of this.#hand.splice(0)) {
      if (leased) this.#leases.handBack(item.lease.id).catch(() => undefined);
    }
  }
}
