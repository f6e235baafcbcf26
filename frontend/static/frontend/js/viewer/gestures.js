// @ts-check
/**
 * What hands do over a stamp, in DS9's habits: the wheel and two fingers zoom, the middle button
 * centres and pans, the right button (or Alt) sets contrast and bias, one finger pans.
 */

/** @typedef {import("./viewport.js").Point} Point places as shares of the element, y downwards */
/**
 * @typedef {{hover(at: Point | null): void, choose(at: Point): void, enlarge(): void,
 *   zoom(factor: number, at: Point): void, pan(right: number, down: number): void,
 *   centre(at: Point): void, adjust(at: Point): void, neutral(): void}} Hands
 */

const MIDDLE = 1;
const RIGHT = 2;
/** A wheel's click is about 100; a touchpad sends many small ones. */
const WHEEL = 400;
/** A button that moved less than this share of the picture was clicked, not dragged. */
const STILL = 0.01;
const DOUBLE_MS = 400;

/** @param {HTMLElement} target @param {MouseEvent} event @returns {Point} */
function shareIn(target, { clientX, clientY }) {
  const box = target.getBoundingClientRect();
  return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
}

/** @param {Point} a @param {Point} b */
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

class Drag {
  /** @type {Map<number, Point>} fingers or buttons that are down, and where */ #down = new Map();
  #begin = { x: 0, y: 0 };
  #kind = "";
  #target; #hands;

  /** @param {HTMLElement} target @param {Hands} hands */
  constructor(target, hands) {
    this.#target = target;
    this.#hands = hands;
  }

  /** @param {PointerEvent} event */
  start(event) {
    const at = shareIn(this.#target, event);
    this.#down.set(event.pointerId, at);
    this.#begin = at;
    this.#target.setPointerCapture(event.pointerId);
    this.#kind = "choose";
    if (event.button === RIGHT || event.altKey) this.#kind = "adjust";
    else if (event.button === MIDDLE || event.pointerType === "touch") this.#kind = "pan";
  }

  /** @param {PointerEvent} event */
  move(event) {
    const at = shareIn(this.#target, event);
    if (event.pointerType !== "touch") this.#hands.hover(at);
    const before = this.#down.get(event.pointerId);
    if (!before) return;
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.#pinch(before, at, other);
    else if (this.#kind === "pan") this.#hands.pan(at.x - before.x, at.y - before.y);
    else if (this.#kind === "adjust") this.#hands.adjust(at);
    this.#down.set(event.pointerId, at);
  }

  /** @param {Point} before @param {Point} at @param {Point} other the finger at rest */
  #pinch(before, at, other) {
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    this.#hands.zoom(distance(at, other) / Math.max(STILL, distance(before, other)), middle);
    this.#begin = { x: Infinity, y: Infinity };
  }

  /** @param {PointerEvent} event */
  end(event) {
    const at = this.#down.get(event.pointerId);
    this.#down.delete(event.pointerId);
    if (!at || distance(at, this.#begin) > STILL) return;
    if (event.button === MIDDLE) this.#hands.centre(at);
    else if (this.#kind !== "adjust") this.#hands.choose(at);
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    this.#down.delete(event.pointerId);
  }
}

/** @param {HTMLElement} target @param {Hands} hands */
export function listenToHands(target, hands) {
  const drag = new Drag(target, hands);
  let rightPressed = -Infinity;
  target.addEventListener("pointerdown", (event) => {
    // The middle button would scroll, the others would select text.
    if (event.button !== 0) event.preventDefault();
    drag.start(event);
    if (event.button !== RIGHT) return;
    if (event.timeStamp - rightPressed < DOUBLE_MS) hands.neutral();
    rightPressed = event.timeStamp;
  });
  target.addEventListener("pointermove", (event) => drag.move(event));
  target.addEventListener("pointerup", (event) => drag.end(event));
  target.addEventListener("pointercancel", (event) => drag.cancel(event));
  target.addEventListener("pointerleave", () => hands.hover(null));
  target.addEventListener("mousedown", (event) => event.button === MIDDLE && event.preventDefault());
  target.addEventListener("contextmenu", (event) => event.preventDefault());
  target.addEventListener("dblclick", () => hands.enlarge());
  target.addEventListener("wheel", (event) => {
    event.preventDefault();
    hands.zoom(2 ** (-event.deltaY / WHEEL), shareIn(target, event));
  }, { passive: false });
}
