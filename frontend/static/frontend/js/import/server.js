// @ts-check
/** The requests of an upload. */

import { apiUrl } from "../lib/address.js";
import { send, sendBytes } from "../lib/api.js";

const CHUNK_MS = 300_000;

/** @type {import("./upload.js").Server & { remove: (id: number) => Promise<void> }} */
export const server = {
  begin: (name, size, key) =>
    send("POST", apiUrl("uploads/"), { name, size }, { headers: { "Idempotency-Key": key } }),
  read: (id) => send("GET", apiUrl(`uploads/${id}/`)),
  put: (id, offset, chunk, cancelled) => {
    const signal = AbortSignal.any([cancelled, AbortSignal.timeout(CHUNK_MS)]);
    return sendBytes("PUT", apiUrl(`uploads/${id}/chunks/${offset}/`), chunk, signal);
  },
  remove: (id) => send("DELETE", apiUrl(`uploads/${id}/`)),
};
