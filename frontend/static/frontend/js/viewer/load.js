// @ts-check
/** A leased candidate with its pictures, decoded and ready to paint. */
import { ApiError, NetworkError, bytes, picture, send } from "../lib/api.js";
import { parseNpy } from "./npy.js";

/**
 * One band of a candidate; `mag` is null where the catalogue has none.
 * @typedef {{band: string, filter: string, observed: boolean, unit: string,
 *   mag: number | null, mag_err: number | null, star_fwhm_px: number | null}} Band
 */
/**
 * What the queue's endpoint sends. Positions: `x_pix`, `y_pix` on the mosaic count from 1,
 * `stamp_x`, `stamp_y` on the 100 px stamp from 0.
 * @typedef {{candidate: number, catalogue_id: string, field: string, galaxy: string,
 *   simulated: boolean, lease: {id: number, expires_at: string}, stamps_url: string,
 *   rgb_url: string, rgb_centre_url: string, bands: Band[],
 *   ra_deg: number | null, dec_deg: number | null,
 *   x_pix: number, y_pix: number, stamp_x: number, stamp_y: number,
 *   pixel_scale_arcsec: number | null, distance_mpc: number | null, north_deg: number | null,
 *   east_left: boolean, ci: number | null, edge: boolean}} Item
 */
/** @typedef {{catalogue_id: string, dx_px: number, dy_px: number}} Neighbour offset from the candidate */
/** @typedef {{stretch: number, q: number}} Lupton the scaling of the colour picture */
/**
 * `planes`: one float32 image a band, row 0 lowest, once they are there; `failure`: why not.
 * @typedef {{item: Item, planes: Float32Array[] | null, side: number, failure: string,
 *   rgb: ImageBitmap | null, rgbFailure: string, rgbUrl: string,
 *   neighbours: Neighbour[] | null, leased: boolean}} Loaded
 */

const ATTEMPTS = 3;
const PAUSE_MS = 1000;

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * The answer of `get`, asked again while the network is away, and a few times when the server
 * is in trouble.
 * @template T
 * @param {() => Promise<T>} get @returns {Promise<T>}
 */
async function patiently(get) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await get();
    } catch (reason) {
      const again = reason instanceof NetworkError
        || (reason instanceof ApiError && (reason.expired || (reason.passing && attempt < ATTEMPTS)));
      if (!again) throw reason;
    }
    await pause(PAUSE_MS * Math.min(attempt, 10));
  }
}

/** The address of something about a candidate. @param {Item} item @param {string} name */
export const urlOf = (item, name) => item.stamps_url.replace("stamps.npy", name);

/** @param {Item} item @returns {Promise<{side: number, planes: Float32Array[]}>} */
async function stamps(item) {
  const { shape, data } = parseNpy(await bytes(item.stamps_url));
  const [bands, side, width] = shape;
  if (shape.length !== 3 || bands !== item.bands.length || side !== width) {
    throw new Error(`The stamps have the shape (${shape.join(", ")}).`);
  }
  const size = side * side;
  return { side, planes: item.bands.map((_, i) => data.subarray(i * size, (i + 1) * size)) };
}

/**
 * Starts loading; `changed` is told when stamps and pictures are there, or failed.
 * @param {Item} item @param {Lupton} lupton @param {(loaded: Loaded) => void} changed
 * @returns {Loaded}
 */
export function load(item, lupton, changed) {
  /** @type {Loaded} */
  const loaded = {
    item, planes: null, side: 0, failure: "", rgb: null, rgbFailure: "", rgbUrl: "",
    neighbours: null, leased: true,
  };
  patiently(() => stamps(item)).then(
    (ready) => { Object.assign(loaded, ready); },
    (reason) => { loaded.failure = reason.message; },
  ).finally(() => changed(loaded));
  colour(loaded, lupton, changed);
  return loaded;
}

/**
 * Fetches the neighbours of a candidate that is looked at for longer than a quick vote takes.
 * @param {Loaded} loaded @param {(loaded: Loaded) => void} changed
 */
export async function meetNeighbours(loaded, changed) {
  if (loaded.neighbours !== null) return;
  loaded.neighbours = [];
  // Marks that are only an aid: the candidate can be judged without them.
  loaded.neighbours = await send("GET", urlOf(loaded.item, "neighbours/")).catch(() => []);
  changed(loaded);
}

/**
 * Fetches the colour picture, again when its scaling has changed; the latest wish wins.
 * @param {Loaded} loaded @param {Lupton} lupton @param {(loaded: Loaded) => void} changed
 */
export async function colour(loaded, { stretch, q }, changed) {
  const url = `${loaded.item.rgb_url}&stretch=${stretch}&q=${q}`;
  loaded.rgbUrl = url;
  try {
    const rgb = await patiently(() => picture(url));
    if (loaded.rgbUrl === url) Object.assign(loaded, { rgb, rgbFailure: "" });
  } catch (reason) {
    if (loaded.rgbUrl === url) loaded.rgbFailure = /** @type {Error} */ (reason).message;
  }
  changed(loaded);
}
