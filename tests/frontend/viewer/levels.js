/**
 * Grey levels for the comparison with astropy: reads float32 images and writes, for every pair of
 * limits and stretch, the limits and the levels.
 *
 *     node levels.js IMAGES.bin NUMBER_OF_PIXELS > JSON
 */
import { readFileSync } from "node:fs";
import { LIMITS, limitsOf } from "../../../frontend/static/frontend/js/viewer/limits.js";
import { STRETCHES, greyLevels } from "../../../frontend/static/frontend/js/viewer/stretch.js";

const [path, size] = process.argv.slice(2);
const { buffer, byteOffset, length } = readFileSync(path);
const all = new Float32Array(buffer.slice(byteOffset, byteOffset + length));
const images = [];
for (let start = 0; start < all.length; start += Number(size)) {
  const image = all.slice(start, start + Number(size));
  images.push(Object.fromEntries(LIMITS.filter((name) => name !== "User").map((name) => {
    const limits = limitsOf(image, name);
    const levels = STRETCHES.map((stretch) => [stretch, [...greyLevels(image, limits, stretch)]]);
    return [name, { ...limits, levels: Object.fromEntries(levels) }];
  })));
}
process.stdout.write(JSON.stringify(images));
