// @ts-check
/**
 * Geometry of stamps: pixels, arcseconds, parsecs, north and east.
 *
 * Array pixels count from 0, pixel centres are integers, y grows upwards (row 0 is the lowest
 * FITS row). FITS pixels count from 1.
 */

const ARCSEC_PER_RADIAN = 206264.806;
/** Lengths of a scale bar in arcsec. */
const LENGTHS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

/**
 * Return the position of the candidate in an n px stamp, given the one in the 100 px stamp. Both
 * are cut as by astropy.nddata.overlap_slices, so that it lies in (n/2 - 1, n/2].
 * @param {number} position along one axis @param {number} n
 */
export function positionInStamp(position, n) {
  return position - Math.ceil(position - n / 2);
}

/**
 * Return the unit vectors of north and east on the stamp, x to the right and y up.
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
 * Return the sky coordinates at an offset from a candidate, by the gnomonic projection about the
 * candidate with the field's scale and orientation. Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3.
 * @param {{ra_deg: number | null, dec_deg: number | null, pixel_scale_arcsec: number | null,
 *   north_deg: number | null, east_left: boolean}} item
 * @param {number} dx pixels right @param {number} dy pixels up
 * @returns {{ra: number, dec: number} | null} degrees; null without coordinates
 */
export function skyAt({ ra_deg, dec_deg, pixel_scale_arcsec: scale, north_deg, east_left }, dx, dy) {
  if (ra_deg === null || dec_deg === null || scale === null || north_deg === null) return null;
  const { north, east } = compass(north_deg, east_left);
  const xi = ((dx * east[0] + dy * east[1]) * scale) / ARCSEC_PER_RADIAN;
  const eta = ((dx * north[0] + dy * north[1]) * scale) / ARCSEC_PER_RADIAN;
  const dec0 = (dec_deg * Math.PI) / 180;
  const denominator = Math.cos(dec0) - eta * Math.sin(dec0);
  const ra = Math.atan2(xi, denominator);
  const dec = Math.atan2(Math.sin(dec0) + eta * Math.cos(dec0), Math.hypot(xi, denominator));
  return { ra: (ra_deg + (ra * 180) / Math.PI + 360) % 360, dec: (dec * 180) / Math.PI };
}

/**
 * Return a round length for a scale bar, at most a third of the image, with its label.
 * @param {number} widthPx pixels of the mosaic across the image
 * @param {number | null} arcsecPerPx null: the bar counts pixels
 * @param {number | null} distanceMpc of the galaxy; null: the label has no parsecs
 * @returns {{px: number, text: string}}
 */
export function scaleBar(widthPx, arcsecPerPx, distanceMpc) {
  if (arcsecPerPx === null) {
    const count = 10 * Math.max(1, Math.floor(widthPx / 30));
    return { px: count, text: `${count} px` };
  }
  const longest = (widthPx * arcsecPerPx) / 3;
  const arcsec = LENGTHS.findLast((length) => length <= longest) ?? LENGTHS[0];
  const px = arcsec / arcsecPerPx;
  if (distanceMpc === null) return { px, text: `${arcsec}″` };
  const pc = (arcsec * distanceMpc * 1e6) / ARCSEC_PER_RADIAN;
  return { px, text: `${arcsec}″ = ${Number(pc.toPrecision(3))} pc` };
}

/**
 * Return the central square of a square image.
 * @param {Float32Array} plane row by row
 * @param {number} side of the plane @param {number} size of the result
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
