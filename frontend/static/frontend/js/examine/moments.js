// @ts-check
/** The shape of a source from second moments, as in photutils.aperture.ApertureStats. */
import { RADIUS } from "./background.js";
import { annulusAround } from "./target.js";

/**
 * @typedef {object} Shape
 * @property {number} ellipticity 1 - b/a
 * @property {number} angleDeg of the major axis from +x, counter-clockwise, in (-90, 90]
 */

/**
 * Return the shape of the light above the sky within 5 px, or null if it has no extent.
 * @param {import("./target.js").Stamp} stamp
 * @param {number} x @param {number} y array pixels @param {number} sky per pixel
 * @returns {Shape | null}
 */
export function sourceShape(stamp, x, y, sky) {
  const { dx, dy, values } = annulusAround(stamp, x, y, 0, RADIUS);
  let [sum, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0];
  values.forEach((value, i) => {
    const flux = value - sky;
    sum += flux;
    sx += flux * dx[i];
    sy += flux * dy[i];
    sxx += flux * dx[i] * dx[i];
    syy += flux * dy[i] * dy[i];
    sxy += flux * dx[i] * dy[i];
  });
  if (!(sum > 0)) return null;
  const xx = sxx / sum - (sx / sum) ** 2;
  const yy = syy / sum - (sy / sum) ** 2;
  const xy = sxy / sum - (sx / sum) * (sy / sum);
  const half = Math.hypot((xx - yy) / 2, xy);
  const [major, minor] = [(xx + yy) / 2 + half, (xx + yy) / 2 - half];
  if (!(minor > 0)) return null;
  const angleDeg = (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI;
  return { ellipticity: 1 - Math.sqrt(minor / major), angleDeg };
}
