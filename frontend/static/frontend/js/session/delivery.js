// @ts-check
/** What goes between the classify page and the server: leases, and votes under one's own name. */
import { ApiError, send } from "../lib/api.js";
import { ownSession } from "./relogin.js";

const API = "/api/v1";

/**
 * Sends one entry of the outbox; refused while somebody else is logged in.
 * @param {string} user @param {() => void} surplus told of a vote that nobody needed any more
 * @returns {(entry: import("./vote-store.js").Waiting) => Promise<void>}
 */
export function delivery(user, surplus) {
  const mine = ownSession(user);
  return async ({ method, uuid, body }) => {
    if (!(await mine())) throw new ApiError(401, "Somebody else is logged in.");
    const answer = await send(method, `${API}/votes/${uuid}/`, body).catch((reason) => {
      // Taking back a vote that never arrived is done already.
      if (method !== "DELETE" || reason.status !== 404) throw reason;
    });
    if (answer?.surplus) surplus();
  };
}

/**
 * @param {Record<string, unknown>} wish what the queue is asked for besides a number
 * @returns {import("./queue.js").Leases}
 */
export function leasesOf(wish) {
  return {
    lease: (count) => send("POST", `${API}/queue/`, { count, ...wish }),
    renew: (lease) => send("PUT", `${API}/leases/${lease}/`),
    skip: (lease) => send("PUT", `${API}/leases/${lease}/skip/`),
    handBack: (lease) => send("DELETE", `${API}/leases/${lease}/`, undefined, { keepalive: true }),
  };
}
