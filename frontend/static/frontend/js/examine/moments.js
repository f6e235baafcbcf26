// @ts-check
/** Shape from second moments, as photutils.aperture.ApertureStats has it. */
import { RADIUS } from "./background.js";
import { ringAround } from "./subject.js";

/**
 * @typedef {object} Shape
 * @property {number} ellipticity 1 - b/a
 * @property {number} angleDeg of the long axis from +x, counter-clockwise, in (-90, 90]
 */

/**
 * Of the light above the sky within 5 px of a place; null where it has no extent.
 * @param {import("./subject.js").Stamp} stamp
 * @param {number} x @param {number} y array pixels @param {number} sky a pixel
 * @returns {Shape | null}
 */
export function shapeAround(stamp, x, y, sky) {
  const { dx, dy, values } = ringAround(stamp, x, y, 0, RADIUS);
  let [sum, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0];
  values.forEach((value, i) => {
    const light = value - sky;
    sum += light;
    sx += light * dx[i];
    sy += light * dy[i];
    sxx += light * dx[i] * dx[i];
    syy += light * dy[i] * dy[i];
    sxy += light * dx[i] * dy[i];
  });
  if (!(sum > 0)) return null;
  const xx = sxx / sum - (sx / sum) ** 2;
  const yy = syy / sum - (sy / sum) ** 2;
  const xy = sxy / sum - (sx / sum) * (sy / sum);
  const half = Math.hypot((xx - yy) / 2, xy);
  const [long, short] = [(xx + yy) / 2 + half, (xx + yy) / 2 - half];
  if (!(short > 0)) return null;
  const angleDeg = (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI;
  return { ellipticity: 1 - Math.sqrt(short / long), angleDeg };
}
