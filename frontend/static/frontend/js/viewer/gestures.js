// @ts-check
/**
 * Mouse and touch gestures over an image, as in DS9: the wheel and two fingers zoom, the middle
 * button centres and pans, the right button (or Alt) sets contrast and bias, one finger pans.
 */

/** @typedef {import("./viewport.js").Point} Point fractions of the element's size, y downwards */
/**
 * @typedef {{hover(position: Point | null): void, select(position: Point): void, enlarge(): void,
 *   zoom(factor: number, position: Point): void, pan(right: number, down: number): void,
 *   centre(position: Point): void, adjust(position: Point): void, resetContrast(): void}} GestureHandlers
 */

const MIDDLE = 1;
const RIGHT = 2;
/** Wheel movement that doubles the scale: a notch is about 100, a touchpad sends smaller steps. */
const WHEEL_PER_DOUBLING = 400;
/** A press that moves less than this fraction of the image is a click, not a drag. */
const CLICK_DISTANCE = 0.01;
const DOUBLE_CLICK_MS = 400;

/** @param {HTMLElement} target @param {MouseEvent} event @returns {Point} */
function positionOf(target, { clientX, clientY }) {
  const box = target.getBoundingClientRect();
  return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
}

/** @param {Point} a @param {Point} b */
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** Pointers that are pressed over one element, and what their movement means. */
class Drag {
  /** @type {Map<number, Point>} last position of each pressed pointer */ #pointers = new Map();
  #start = { x: 0, y: 0 };
  /** @type {"select" | "adjust" | "pan"} */ #mode = "select";
  #target; #handlers;

  /** @param {HTMLElement} target @param {GestureHandlers} handlers */
  constructor(target, handlers) {
    this.#target = target;
    this.#handlers = handlers;
  }

  /** @param {PointerEvent} event */
  start(event) {
    const position = positionOf(this.#target, event);
    this.#pointers.set(event.pointerId, position);
    this.#start = position;
    this.#target.setPointerCapture(event.pointerId);
    this.#mode = "select";
    if (event.button === RIGHT || event.altKey) this.#mode = "adjust";
    else if (event.button === MIDDLE || event.pointerType === "touch") this.#mode = "pan";
  }

  /** @param {PointerEvent} event */
  move(event) {
    const position = positionOf(this.#target, event);
    if (event.pointerType !== "touch") this.#handlers.hover(position);
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.#pinch(before, position, other);
    else if (this.#mode === "pan") this.#handlers.pan(position.x - before.x, position.y - before.y);
    else if (this.#mode === "adjust") this.#handlers.adjust(position);
    this.#pointers.set(event.pointerId, position);
  }

  /** @param {Point} before @param {Point} position @param {Point} other the finger at rest */
  #pinch(before, position, other) {
    const middle = { x: (position.x + other.x) / 2, y: (position.y + other.y) / 2 };
    const factor = distance(position, other) / Math.max(CLICK_DISTANCE, distance(before, other));
    this.#handlers.zoom(factor, middle);
    this.#start = { x: Infinity, y: Infinity };
  }

  /** @param {PointerEvent} event */
  end(event) {
    const position = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    if (!position || distance(position, this.#start) > CLICK_DISTANCE) return;
    if (event.button === MIDDLE) this.#handlers.centre(position);
    else if (this.#mode !== "adjust") this.#handlers.select(position);
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    this.#pointers.delete(event.pointerId);
  }
}

/**
 * Report the gestures over an element.
 * @param {HTMLElement} target @param {GestureHandlers} handlers
 */
export function listenForGestures(target, handlers) {
  const drag = new Drag(target, handlers);
  let lastRightPress = -Infinity;
  target.addEventListener("pointerdown", (event) => {
    // By default the middle button scrolls and the right one selects text.
    if (event.button !== 0) event.preventDefault();
    drag.start(event);
    if (event.button !== RIGHT) return;
    if (event.timeStamp - lastRightPress < DOUBLE_CLICK_MS) handlers.resetContrast();
    lastRightPress = event.timeStamp;
  });
  target.addEventListener("pointermove", (event) => drag.move(event));
  target.addEventListener("pointerup", (event) => drag.end(event));
  target.addEventListener("pointercancel", (event) => drag.cancel(event));
  target.addEventListener("pointerleave", () => handlers.hover(null));
  target.addEventListener("mousedown", (event) => event.button === MIDDLE && event.preventDefault());
  target.addEventListener("contextmenu", (event) => event.preventDefault());
  target.addEventListener("dblclick", () => handlers.enlarge());
  target.addEventListener("wheel", (event) => {
    event.preventDefault();
    handlers.zoom(2 ** (-event.deltaY / WHEEL_PER_DOUBLING), positionOf(target, event));
  }, { passive: false });
}
