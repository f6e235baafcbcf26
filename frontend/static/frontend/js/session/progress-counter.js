// @ts-check
/** Asks the server for the numbers of votes, when it has received all votes of this page. */
import { apiUrl } from "../lib/address.js";
import { send } from "../lib/api.js";

/** @typedef {import("./status.js").Progress} Progress */

/** Counts are skipped while a vote is under way, as the server may have it or not. */
export class ProgressCounter {
  /** votes cast and taken back on this page */ #changes = 0;
  /** true if a count was skipped */ #postponed = false;
  #filter; #waiting; #onProgress;

  /**
   * @param {Record<string, unknown>} filter that of the queue @param {() => number} waiting votes in the outbox
   * @param {(progress: Progress) => void} onProgress
   */
  constructor(filter, waiting, onProgress) {
    this.#filter = filter;
    this.#waiting = waiting;
    this.#onProgress = onProgress;
  }

  /** Note a vote that was cast or taken back. @param {number} change */
  noteChange(change) {
    this.#changes += Math.abs(change);
  }

  /** Ask the server, now or when the outbox is empty. */
  async count() {
    this.#postponed = this.#waiting() > 0;
    if (this.#postponed) return;
    const before = this.#changes;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(this.#filter)) query.set(name, String(value));
    const address = query.size ? `progress/?${query}` : "progress/";
    // No message on failure: the numbers come with the next count.
    const progress = await send("GET", apiUrl(address)).catch(() => null);
    this.#postponed = this.#changes !== before;
    if (progress && !this.#postponed) this.#onProgress(progress);
  }

  /** Make up for a skipped count; called when the outbox is empty. */
  countIfPostponed() {
    if (this.#postponed) this.count();
  }
}
