// @ts-check
/** The votes of this session, in order, which of them is looked at again, and those taken back. */

/** @typedef {import("../viewer/load.js").Item} Item */
/** @typedef {import("../viewer/load.js").Loaded} Loaded */
/** @typedef {{question: string, answer: string}} Step on the way through the questions */
/**
 * @typedef {{uuid: string, label: 1 | 2 | 3 | 4 | "unsure", certainty: "sure" | "possible",
 *   reason: string, answers: Step[], comment: string, flagged: boolean}} Answer
 */
/** @typedef {Answer & {item: Item}} Cast */

/** Decoded pictures of that many past candidates stay in memory; older ones are fetched again. */
const DECODED = 20;
/** That many votes can be looked at again after a reload. */
const KEPT = 300;
/**
 * What was taken back is taken up again by another serving of its candidate, but not after this
 * time: that one may be a hidden repeat of a vote that was given elsewhere since.
 */
const TAKEN_UP_MS = 3_600_000;

export class History {
  /** @type {Cast[]} oldest first */ #casts;
  /** @type {(Cast & {at: number})[]} taken back and not given again, the latest last */ #undone;
  /** @type {number | null} place in #casts; null: the queue's current one is on show */ #at = null;
  /** @type {Map<string, Loaded>} by the vote's UUID */ #loaded = new Map();
  #key; #load;

  /** @param {string} user @param {(item: Item) => Loaded} load */
  constructor(user, load) {
    this.#key = `asterism-session-${user}`;
    this.#load = load;
    this.#casts = stored(this.#key);
    this.#undone = stored(`${this.#key}-undone`);
  }

  get casts() {
    return this.#casts;
  }

  get at() {
    return this.#at;
  }

  /** The vote that is looked at again, if any. */
  get reviewed() {
    return this.#at === null ? null : this.#casts[this.#at];
  }

  /** Its candidate. */
  get loaded() {
    return this.reviewed && this.#loadedOf(this.reviewed);
  }

  /**
   * The vote on this candidate that was taken back, if any. It may have been served twice: the
   * vote of this serving goes first.
   * @param {Item} item @returns {Cast | null}
   */
  undoneOn({ candidate, lease }) {
    const here = this.#undone.filter(({ item }) => item.candidate === candidate);
    return here.findLast(({ item }) => item.lease.id === lease.id)
      ?? here.findLast(({ at }) => Date.now() - at < TAKEN_UP_MS) ?? null;
  }

  /** @param {Cast} cast @param {Loaded} loaded */
  add(cast, loaded) {
    const undone = this.undoneOn(cast.item);
    this.#undone = this.#undone.filter((other) => other !== undone);
    this.#casts.push(cast);
    this.#keep(cast.uuid, loaded);
    this.#store();
  }

  /** Another answer instead of the one that is looked at. @param {Answer} answer */
  replace(answer) {
    if (!this.reviewed || this.#at === null) return;
    const { item, uuid } = this.reviewed;
    const loaded = this.#loadedOf(this.reviewed);
    this.#loaded.delete(uuid);
    this.#keep(answer.uuid, loaded);
    this.#casts[this.#at] = { item, ...answer };
    this.#store();
  }

  /** Removes the vote that is looked at, else the last. @returns {{cast: Cast, loaded: Loaded} | null} */
  takeBack() {
    const [cast] = this.#casts.splice(this.#at ?? this.#casts.length - 1, 1);
    this.#at = null;
    if (!cast) return null;
    const loaded = this.#loadedOf(cast);
    this.#loaded.delete(cast.uuid);
    this.#undone.push({ ...cast, at: Date.now() });
    this.#store();
    return { cast, loaded };
  }

  /** @param {1 | -1} by @returns {boolean} whether there was somewhere to go */
  step(by) {
    const next = (this.#at ?? this.#casts.length) + by;
    if (next < 0 || next > this.#casts.length) return false;
    this.review(next);
    return true;
  }

  /** @param {number} index one behind the last is the queue */
  review(index) {
    this.#at = index < this.#casts.length ? index : null;
  }

  /** @param {Cast} cast @returns {Loaded} */
  #loadedOf(cast) {
    const loaded = this.#loaded.get(cast.uuid) ?? this.#load(cast.item);
    this.#keep(cast.uuid, loaded);
    return loaded;
  }

  /** @param {string} uuid @param {Loaded} loaded */
  #keep(uuid, loaded) {
    this.#loaded.delete(uuid);
    this.#loaded.set(uuid, loaded);
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size > DECODED) this.#loaded.delete(oldest);
  }

  #store() {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#casts.slice(-KEPT)));
      sessionStorage.setItem(`${this.#key}-undone`, JSON.stringify(this.#undone.slice(-KEPT)));
    } catch {
      // Storage refused or full: the session ends with the page.
    }
  }
}

/** @param {string} key @returns {any[]} */
function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]");
  } catch {
    return []; // Storage refused or spoilt: the session begins here.
  }
}
