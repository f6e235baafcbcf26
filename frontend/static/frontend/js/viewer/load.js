// @ts-check
/** Loading of a candidate: its stamps and colour image, decoded and ready to paint. */
import { ApiError, NetworkError, fetchBytes, fetchImage, send } from "../lib/api.js";
import { parseNpy } from "./npy.js";

/**
 * One filter of a candidate; `mag` is null where the catalogue has none.
 * @typedef {{band: string, filter: string, observed: boolean, unit: string,
 *   mag: number | null, mag_err: number | null, star_fwhm_px: number | null,
 *   zero_point_vega: number | null, zero_point_ab: number | null,
 *   electrons_per_unit: number | null}} Band
 */
/**
 * A candidate as the queue's endpoint sends it. Positions: `x_pix`, `y_pix` on the mosaic count
 * from 1, and are null where there is none; `stamp_x`, `stamp_y` on the 100 px stamp count from 0.
 * @typedef {{candidate: number, catalogue_id: string, field: string, galaxy: string,
 *   simulated: boolean, lease: {id: number, expires_at: string}, stamps_url: string,
 *   rgb_url: string, rgb_centre_url: string, bands: Band[],
 *   ra_deg: number | null, dec_deg: number | null,
 *   x_pix: number | null, y_pix: number | null, stamp_x: number, stamp_y: number,
 *   pixel_scale_arcsec: number | null, distance_mpc: number | null, north_deg: number | null,
 *   east_left: boolean, ci: number | null, edge: boolean}} Item
 */
/** @typedef {{catalogue_id: string, dx_px: number, dy_px: number}} Neighbour offset from the candidate */
/** @typedef {{stretch: number, q: number}} Lupton scaling of the colour image */
/**
 * `planes`: one float32 image for each filter, row 0 lowest, null until loaded; `failure`: why they
 * could not be loaded.
 * @typedef {{item: Item, planes: Float32Array[] | null, side: number, failure: string,
 *   rgb: ImageBitmap | null, rgbFailure: string, rgbUrl: string,
 *   neighbours: Neighbour[] | null, leased: boolean}} Candidate
 */

const MAX_ATTEMPTS = 3;
const PAUSE_MS = 1000;

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * Fetch with retries: without end while the network is away or the log-in has expired, a few times
 * after an error of the server.
 * @template T
 * @param {() => Promise<T>} get @returns {Promise<T>}
 */
async function withRetries(get) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await get();
    } catch (reason) {
      const retry = reason instanceof NetworkError || (reason instanceof ApiError
        && (reason.expired || (reason.temporary && attempt < MAX_ATTEMPTS)));
      if (!retry) throw reason;
    }
    await pause(PAUSE_MS * Math.min(attempt, 10));
  }
}

/**
 * Return the URL of another resource of the candidate, such as "stamps.fits".
 * @param {Item} item @param {string} name
 */
export const candidateUrl = (item, name) => item.stamps_url.replace("stamps.npy", name);

/** @param {Item} item @returns {Promise<{side: number, planes: Float32Array[]}>} */
async function fetchStamps(item) {
  const { shape, data } = parseNpy(await fetchBytes(item.stamps_url));
  const [bands, side, width] = shape;
  if (shape.length !== 3 || bands !== item.bands.length || side !== width) {
    throw new Error(`The stamps have the shape (${shape.join(", ")}).`);
  }
  const size = side * side;
  return { side, planes: item.bands.map((_, i) => data.subarray(i * size, (i + 1) * size)) };
}

/**
 * Start loading a candidate and return it, still without images.
 * @param {Item} item @param {Lupton} lupton
 * @param {(candidate: Candidate) => void} onChange called when images have arrived or failed
 * @returns {Candidate}
 */
export function loadCandidate(item, lupton, onChange) {
  /** @type {Candidate} */
  const candidate = {
    item, planes: null, side: 0, failure: "", rgb: null, rgbFailure: "", rgbUrl: "",
    neighbours: null, leased: true,
  };
  withRetries(() => fetchStamps(item)).then(
    (stamps) => { Object.assign(candidate, stamps); },
    (reason) => { candidate.failure = reason.message; },
  ).finally(() => onChange(candidate));
  loadColourImage(candidate, lupton, onChange);
  return candidate;
}

/**
 * Load the catalogue's other sources near the candidate, once.
 * @param {Candidate} candidate @param {(candidate: Candidate) => void} onChange
 */
export async function loadNeighbours(candidate, onChange) {
  if (candidate.neighbours !== null) return;
  candidate.neighbours = [];
  // No message on failure: the candidate can be classified without these marks.
  candidate.neighbours = await send("GET", candidateUrl(candidate.item, "neighbours/"))
    .catch(() => []);
  onChange(candidate);
}

/**
 * Load the colour image, also after its scaling has changed; only the latest request counts.
 * @param {Candidate} candidate @param {Lupton} lupton
 * @param {(candidate: Candidate) => void} onChange
 */
export async function loadColourImage(candidate, { stretch, q }, onChange) {
  const url = `${candidate.item.rgb_url}&stretch=${stretch}&q=${q}`;
  candidate.rgbUrl = url;
  try {
    const rgb = await withRetries(() => fetchImage(url));
    if (candidate.rgbUrl === url) Object.assign(candidate, { rgb, rgbFailure: "" });
  } catch (reason) {
    if (candidate.rgbUrl === url) candidate.rgbFailure = /** @type {Error} */ (reason).message;
  }
  onChange(candidate);
}
