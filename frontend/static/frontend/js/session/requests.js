// @ts-check
/** Requests of the classify page: leases, and votes under the user's own name. */
import { apiUrl } from "../lib/address.js";
import { ApiError, send } from "../lib/api.js";
import { sessionCheck } from "./relogin.js";

/**
 * Return a function that sends an entry of the outbox; it refuses while another user is logged in.
 * @param {string} user @param {() => void} onSurplus called if the candidate needed no more votes
 * @returns {(entry: import("./vote-store.js").OutboxEntry) => Promise<void>}
 */
export function voteSender(user, onSurplus) {
  const isOwnSession = sessionCheck(user);
  return async ({ method, uuid, body }) => {
    if (!(await isOwnSession())) throw new ApiError(401, "Another user is logged in.");
    const vote = await send(method, apiUrl(`votes/${uuid}/`), body).catch((reason) => {
      // A vote that never arrived needs no deletion.
      if (method !== "DELETE" || reason.status !== 404) throw reason;
    });
    if (vote?.surplus) onSurplus();
  };
}

/**
 * Return the queue's requests.
 * @param {Record<string, unknown>} filter which candidates to lease: field, magnitudes …
 * @returns {import("./queue.js").LeaseRequests}
 */
export function leaseRequests(filter) {
  return {
    lease: (count) => send("POST", apiUrl("queue/"), { count, ...filter }),
    renew: (lease) => send("PUT", apiUrl(`leases/${lease}/`)),
    skip: (lease) => send("PUT", apiUrl(`leases/${lease}/skip/`)),
    release: (lease) => send("DELETE", apiUrl(`leases/${lease}/`), undefined, { keepalive: true }),
  };
}
