// @ts-check
/** The canvas of a plot at the screen's resolution, with the theme's colours. */

/**
 * @typedef {object} Colours of the theme
 * @property {string} panel @property {string} text @property {string} quiet
 * @property {string} line of grid and frame
 * @property {string} data
 * @property {[string, string]} series of two curves that must be told apart
 */

/**
 * Width and height are in CSS pixels.
 * @typedef {{context: CanvasRenderingContext2D, width: number, height: number, colours: Colours}} Plot
 */

const FONT = "11px system-ui, -apple-system, \"Segoe UI\", \"Noto Sans\", sans-serif";

/** @param {Element} element @returns {Colours} */
function themeColours(element) {
  const style = getComputedStyle(element);
  const [panel, text, quiet, line, data, accent, link] = [
    "panel", "text", "quiet", "line", "data", "accent", "link",
  ].map((name) => style.getPropertyValue(`--${name}`).trim());
  return { panel, text, quiet, line, data, series: [accent, link] };
}

/**
 * Clear the canvas and set it up for a plot; return null while it has no size.
 * @param {HTMLCanvasElement} canvas
 * @returns {Plot | null}
 */
export function preparePlot(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const context = canvas.getContext("2d");
  if (width === 0 || height === 0 || context === null) return null;
  canvas.width = Math.round(width * window.devicePixelRatio);
  canvas.height = Math.round(height * window.devicePixelRatio);
  context.scale(canvas.width / width, canvas.height / height);
  context.font = FONT;
  context.lineJoin = "round";
  return { context, width, height, colours: themeColours(canvas) };
}

/**
 * Write a message in the middle, where there is nothing to plot.
 * @param {Plot} plot @param {string} message
 */
export function drawMessage({ context, width, height, colours }, message) {
  context.fillStyle = colours.quiet;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(message, width / 2, height / 2, width - 16);
}
