// @ts-check
/**
 * Where things are on a stamp: pixels, arcseconds, parsecs and the compass.
 *
 * Array pixels count from 0, pixel centres are integers, y grows upwards (row 0 is the lowest
 * FITS row). FITS pixels count from 1.
 */

const ARCSEC_PER_RADIAN = 206264.806;
const LENGTHS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

/**
 * Position of the candidate in an n px stamp, given the one in the 100 px stamp: both are cut as
 * astropy.nddata.overlap_slices does, so that it lies in (n/2 - 1, n/2].
 * @param {number} inHundred @param {number} n
 */
export function positionIn(inHundred, n) {
  return inHundred - Math.ceil(inHundred - n / 2);
}

/**
 * Unit vectors of north and east on the stamp, x to the right and y up.
 * @param {number} northDeg angle of north from +y, counter-clockwise
 * @param {boolean} eastLeft east is counter-clockwise from north, as on the sky
 * @returns {{north: [number, number], east: [number, number]}}
 */
export function compass(northDeg, eastLeft) {
  const angle = (northDeg * Math.PI) / 180;
  const [x, y] = [-Math.sin(angle), Math.cos(angle)];
  return { north: [x, y], east: eastLeft ? [-y, x] : [y, -x] };
}

/**
 * A round length for a scale bar, at most a third of the picture, with its name.
 * @param {number} widthPx pixels of the mosaic across the picture
 * @param {number | null} arcsecPerPx without it the bar counts pixels
 * @param {number | null} distanceMpc of the galaxy; without it no parsecs are stated
 * @returns {{px: number, text: string}}
 */
export function scaleBar(widthPx, arcsecPerPx, distanceMpc) {
  if (arcsecPerPx === null) {
    const count = 10 * Math.max(1, Math.floor(widthPx / 30));
    return { px: count, text: `${count} px` };
  }
  const most = (widthPx * arcsecPerPx) / 3;
  const arcsec = LENGTHS.findLast((length) => length <= most) ?? LENGTHS[0];
  const px = arcsec / arcsecPerPx;
  if (distanceMpc === null) return { px, text: `${arcsec}″` };
  const pc = (arcsec * distanceMpc * 1e6) / ARCSEC_PER_RADIAN;
  return { px, text: `${arcsec}″ = ${Number(pc.toPrecision(3))} pc` };
}

/**
 * The middle square of a square image.
 * @param {Float32Array} plane row by row
 * @param {number} side of the plane @param {number} size of the cut
 */
export function centreCut(plane, side, size) {
  const from = (side - size) >> 1;
  const cut = new Float32Array(size * size);
  for (let row = 0; row < size; row += 1) {
    const start = (from + row) * side + from;
    cut.set(plane.subarray(start, start + size), row * size);
  }
  return cut;
}
