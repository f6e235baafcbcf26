// @ts-check
/** One expert at work: vote, skip, undo, on the candidates of the queue. */
import { uuid4 } from "./uuid.js";

/** @typedef {import("./load.js").Loaded} Loaded */
/** @typedef {import("./queue.js").Queue} Queue */
/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./settings.js").Display} Display */
/** @typedef {1 | 2 | 3 | 4 | "unsure"} Label */
/** @typedef {"sure" | "possible"} Certainty */
/** @typedef {{loaded: Loaded, uuid: string, label: Label, certainty: Certainty}} Cast */

/** Two presses within this time are one: a bouncing key is no second opinion. */
const BOUNCE_MS = 40;
/** Pictures of that many past candidates stay in memory for undo. */
const MEMORY = 20;

export class Session {
  /** @type {Cast[]} */ #cast = [];
  /** @type {Loaded | null} */ #shown = null;
  #painted = false;
  #since = 0;
  #pressed = 0;
  #queue; #outbox; #stage; #display; #changed;

  /**
   * @param {Queue} queue @param {Outbox} outbox @param {Stage} stage @param {Display} display
   * @param {(event: {cast: 1 | 0 | -1, undone: Cast | null}) => void} changed
   *   the queue has moved on, and `refresh` is due; cast: change in the number of votes;
   *   undone: the vote that was taken back
   */
  constructor(queue, outbox, stage, display, changed) {
    this.#queue = queue;
    this.#outbox = outbox;
    this.#stage = stage;
    this.#display = display;
    this.#changed = changed;
  }

  /** Shows what is current, as far as it is loaded; called whenever something has arrived. */
  refresh() {
    const current = this.#queue.current ?? null;
    const fresh = current !== this.#shown;
    this.#shown = current;
    if (fresh) {
      this.#painted = false;
      delete document.documentElement.dataset.painted;
    }
    const complete = this.#stage.show(current);
    if (!complete || this.#painted) return;
    // The frame with the last stamp is on the screen after this, and only then a vote counts.
    requestAnimationFrame(() => setTimeout(() => {
      if (this.#shown !== current || this.#painted) return;
      this.#painted = true;
      this.#since = performance.now();
      document.documentElement.dataset.painted = String(current?.item.candidate);
      if (this.#pressed) performance.measure("vote to next", { start: this.#pressed });
    }));
  }

  /** @param {Label} label @param {Certainty} certainty */
  vote(label, certainty) {
    const loaded = this.#shown;
    const now = performance.now();
    if (!loaded || !this.#painted || now - this.#pressed < BOUNCE_MS) return;
    this.#pressed = now;
    const uuid = uuid4();
    this.#outbox.add({ uuid, candidate: loaded.item.candidate, method: "PUT", body: {
      candidate: loaded.item.candidate,
      label,
      certainty,
      reason: "",
      comment: "",
      flagged: false,
      seconds: Math.round((now - this.#since) / 10) / 100,
      display: { ...this.#display },
    } });
    this.#cast = [...this.#cast, { loaded, uuid, label, certainty }].slice(-MEMORY);
    this.#queue.answered();
    this.#changed({ cast: 1, undone: null });
  }

  /** The current candidate comes back later; one that cannot be shown can be skipped too. */
  skip() {
    if (!this.#shown) return;
    this.#pressed = 0;
    this.#queue.skip();
    this.#changed({ cast: 0, undone: null });
  }

  /** Takes the last vote back and shows its candidate again. */
  undo() {
    const last = this.#cast.pop();
    if (!last) return;
    const { uuid, loaded } = last;
    this.#pressed = 0;
    this.#outbox.add({ uuid, candidate: loaded.item.candidate, method: "DELETE" });
    this.#queue.back(loaded);
    this.#changed({ cast: -1, undone: last });
  }
}
