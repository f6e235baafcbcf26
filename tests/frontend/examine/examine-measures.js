/**
 * Measurements of the browser for the comparison with photutils and astropy: reads float32 stamps
 * of 100 × 100 px one after the other, and a position on each as JSON.
 *
 *     node examine-measures.js STAMPS.bin '[[x, y], …]' > JSON
 */
import { readFileSync } from "node:fs";
import { growthCurve } from "../../../frontend/static/frontend/js/examine/aperture.js";
import { skyAround } from "../../../frontend/static/frontend/js/examine/background.js";
import { centroid } from "../../../frontend/static/frontend/js/examine/centroid.js";
import { circleSum } from "../../../frontend/static/frontend/js/examine/circle-sum.js";
import { contourLines } from "../../../frontend/static/frontend/js/examine/contour.js";
import { sourceShape } from "../../../frontend/static/frontend/js/examine/moments.js";
import { radialProfile } from "../../../frontend/static/frontend/js/examine/radial-profile.js";
import { describe, sigmaClipped } from "../../../frontend/static/frontend/js/examine/statistics.js";
import { boxAround } from "../../../frontend/static/frontend/js/examine/target.js";

const SIDE = 100;
const RADII = Array.from({ length: 10 }, (_, i) => i + 1);
const [path, positions] = process.argv.slice(2);
const { buffer, byteOffset, length } = readFileSync(path);
const all = new Float32Array(buffer.slice(byteOffset, byteOffset + length));

const measures = JSON.parse(positions).map(([x, y], i) => {
  const stamp = { plane: all.slice(i * SIDE ** 2, (i + 1) * SIDE ** 2), side: SIDE };
  const sky = skyAround(stamp, x, y);
  const box = boxAround(stamp, Math.floor(x + 0.5), Math.floor(y + 0.5), 21);
  const { median } = describe(box);
  const { r, above, moffat, gaussian } = radialProfile({ ...stamp, x, y });
  return {
    sky,
    moffat,
    gaussian,
    r,
    above,
    centroid: centroid(stamp, x, y),
    shape: sourceShape(stamp, x, y, sky.level),
    growth: growthCurve(stamp, x, y, sky.level, RADII).flux,
    sums: RADII.map((radius) => circleSum(stamp, x, y, radius + 0.37)),
    statistics: describe(stamp.plane),
    clipped: sigmaClipped(stamp.plane),
    level: median,
    contour: contourLines(box, 21, median),
  };
});
process.stdout.write(JSON.stringify(measures));
