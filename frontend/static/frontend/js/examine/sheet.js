// @ts-check
/** The canvas of a plot, as sharp as the screen, and the page's colours on it. */

/**
 * @typedef {object} Ink
 * @property {string} panel @property {string} text @property {string} quiet
 * @property {string} line grid and frame
 * @property {string} data
 * @property {[string, string]} pair of curves to tell apart
 */

/**
 * Width and height are in CSS pixels.
 * @typedef {{pen: CanvasRenderingContext2D, width: number, height: number, ink: Ink}} Sheet
 */

export const FONT = "11px system-ui, -apple-system, \"Segoe UI\", \"Noto Sans\", sans-serif";

/** @param {Element} element @returns {Ink} the theme's colours as they are now */
function inkOf(element) {
  const style = getComputedStyle(element);
  const [panel, text, quiet, line, data, accent, link] = [
    "panel", "text", "quiet", "line", "data", "accent", "link",
  ].map((name) => style.getPropertyValue(`--${name}`).trim());
  return { panel, text, quiet, line, data, pair: [accent, link] };
}

/**
 * An empty sheet; null while the canvas has no size.
 * @param {HTMLCanvasElement} canvas
 * @returns {Sheet | null}
 */
export function sheetOf(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const pen = canvas.getContext("2d");
  if (width === 0 || height === 0 || pen === null) return null;
  canvas.width = Math.round(width * window.devicePixelRatio);
  canvas.height = Math.round(height * window.devicePixelRatio);
  pen.scale(canvas.width / width, canvas.height / height);
  pen.font = FONT;
  pen.lineJoin = "round";
  return { pen, width, height, ink: inkOf(canvas) };
}

/**
 * Words in the middle, where there is nothing to draw.
 * @param {Sheet} sheet @param {string} words
 */
export function drawWords({ pen, width, height, ink }, words) {
  pen.fillStyle = ink.quiet;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(words, width / 2, height / 2, width - 16);
}
