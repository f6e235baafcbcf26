// @ts-check
/** One expert at work: vote, skip, undo, back and forth, on the candidates of the queue. */
import { History } from "./history.js";
import { uuid4 } from "../lib/uuid.js";

/** @typedef {import("./history.js").Cast} Cast */
/** @typedef {import("../viewer/load.js").Loaded} Loaded */
/** @typedef {import("./queue.js").Queue} Queue */
/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("../viewer/stage.js").Stage} Stage */
/** @typedef {1 | 2 | 3 | 4 | "unsure"} Label */
/**
 * `answers`: the way through the questions, if the expert took it.
 * @typedef {{certainty?: "sure" | "possible", reason?: string,
 *   answers?: import("./history.js").Step[]}} Detail
 */
/** What is said beside the class; it goes out with the vote. @typedef {{comment: string, flagged: boolean}} Remark */

/** Two presses within this time are one: a bouncing key is no second opinion. */
const BOUNCE_MS = 40;

export class Session {
  /** @type {Loaded | null} */ #shown = null;
  /** @type {Remark} */ remark = { comment: "", flagged: false };
  #painted = false;
  #since = 0;
  #pressed = 0;
  #queue; #outbox; #stage; #display; #changed;

  /**
   * @param {Queue} queue @param {Outbox} outbox @param {Stage} stage
   * @param {History} history @param {() => Record<string, unknown>} display how it is seen, for the vote
   * @param {(change: 1 | 0 | -1) => void} changed another candidate is due, and `refresh`; the
   *   change in the number of votes
   */
  constructor(queue, outbox, stage, history, display, changed) {
    this.#queue = queue;
    this.#outbox = outbox;
    this.#stage = stage;
    this.history = history;
    this.#display = display;
    this.#changed = changed;
  }

  /** What is to be on show: a vote that is looked at again, else the queue's current candidate. */
  get due() {
    return this.history.reviewed ? this.history.loaded : this.#queue.current ?? null;
  }

  /** Shows what is due, as far as it is loaded; called whenever something has arrived. */
  refresh() {
    const { due } = this;
    const fresh = due !== this.#shown;
    this.#shown = due;
    if (fresh) {
      this.#painted = false;
      delete document.documentElement.dataset.painted;
      const { comment, flagged } = this.answer ?? { comment: "", flagged: false };
      this.remark = { comment, flagged };
    }
    const complete = this.#stage.show(due);
    if (!complete || this.#painted) return;
    // The frame with the last stamp is on the screen after this, and only then a vote counts.
    requestAnimationFrame(() => setTimeout(() => {
      if (this.#shown !== due || this.#painted) return;
      this.#painted = true;
      this.#since = performance.now();
      document.documentElement.dataset.painted = String(due?.item.candidate);
      if (this.#pressed) performance.measure("vote to next", { start: this.#pressed });
    }));
  }

  /** The vote on what is on show: as it stands, or as it was before it was taken back. */
  get answer() {
    return this.history.reviewed ?? this.undone;
  }

  /** The vote that was taken back on what is on show, and is due again. @returns {Cast | null} */
  get undone() {
    return this.history.reviewed || !this.#shown ? null : this.history.undoneOn(this.#shown.item);
  }

  /** What is on show, complete or not. */
  get shown() {
    return this.#shown;
  }

  /** @param {Label} label @param {Detail} [detail] */
  vote(label, { certainty = "sure", reason = "", answers = [] } = {}) {
    const loaded = this.#shown;
    const now = performance.now();
    if (!loaded || !this.#painted || now - this.#pressed < BOUNCE_MS) return;
    this.#pressed = now;
    const { item } = loaded;
    const cast = { uuid: uuid4(), label, certainty, reason, answers, ...this.remark };
    const { reviewed } = this.history;
    // The server knows what an earlier vote was for: one that only repeated another never counts.
    const replaced = this.answer;
    const { uuid, ...answer } = cast;
    this.#outbox.add({ uuid, candidate: item.candidate, method: "PUT", body: {
      candidate: item.candidate,
      ...answer,
      ...(replaced ? { replaces: replaced.uuid } : {}),
      seconds: Math.round((now - this.#since) / 10) / 100,
      display: this.#display(),
    } });
    if (reviewed) {
      this.history.replace(cast);
      this.history.step(1);
      this.#changed(0);
    } else {
      this.history.add({ item, ...cast }, loaded);
      this.#queue.answered();
      this.#changed(1);
    }
  }

  /**
   * A comment or a flag: with the vote that comes, or at once with the vote that is looked at again.
   * @param {Remark} remark
   */
  note(remark) {
    this.remark = remark;
    const { reviewed } = this.history;
    if (reviewed) this.vote(reviewed.label, reviewed);
  }

  /** The current candidate comes back later; one that cannot be shown can be skipped too. */
  skip() {
    if (!this.#shown) return;
    this.#pressed = 0;
    if (this.history.reviewed) return this.step(1);
    this.#queue.skip();
    this.#changed(0);
  }

  /** Takes back the vote that is looked at, else the last one, and shows its candidate again. */
  undo() {
    const last = this.history.takeBack();
    if (!last) return;
    this.#pressed = 0;
    this.#outbox.add({ uuid: last.cast.uuid, candidate: last.cast.item.candidate, method: "DELETE" });
    this.#queue.back(last.loaded);
    this.#changed(-1);
  }

  /** Back to votes of this session, or forward, at last to the queue. @param {1 | -1} by */
  step(by) {
    this.#pressed = 0;
    if (this.history.step(by)) this.#changed(0);
  }

  /** @param {number} index of a vote in the session's history */
  review(index) {
    this.#pressed = 0;
    this.history.review(index);
    this.#changed(0);
  }
}
