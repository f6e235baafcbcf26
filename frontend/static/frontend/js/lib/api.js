// @ts-check
/** The HTTP door: JSON with the CSRF token, and errors with a sentence. */

/** What the server refused, in its own words. */
export class ApiError extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  /** Whether logging in again is the remedy. */
  get expired() {
    return this.status === 401 || this.status === 403;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

/** The request never reached the server, or its answer never came back. */
export class NetworkError extends Error {}

/** The token as it is now: it changes at every log-in. */
export function csrfToken() {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

const PATIENCE_MS = 30_000;

/** @param {Error} reason @returns {never} */
function lost(reason) {
  throw new NetworkError(`The server cannot be reached (${reason.message}).`);
}

/**
 * A response with a good status; anything else is an ApiError or a NetworkError.
 * @param {string} url @param {RequestInit} [options]
 */
async function answer(url, options = {}) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const response = await fetch(url, { credentials: "same-origin", signal, ...options }).catch(lost);
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? problem.title ?? `The server answered ${response.status}.`;
  throw new ApiError(response.status, String(detail));
}

/**
 * Sends JSON and returns the JSON of the answer, null when it is empty.
 * @param {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method @param {string} url
 * @param {unknown} [body] @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
export async function send(method, url, body, options = {}) {
  const headers = { "X-CSRFToken": csrfToken(), "Accept": "application/json" };
  const response = await answer(url, {
    ...options,
    method,
    ...(body === undefined
      ? { headers }
      : { headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text().catch(lost);
  return text === "" ? null : JSON.parse(text);
}

/** @param {string} url @returns {Promise<ArrayBuffer>} */
export async function bytes(url) {
  return (await answer(url)).arrayBuffer().catch(lost);
}

/** @param {string} url @returns {Promise<ImageBitmap>} */
export async function picture(url) {
  return createImageBitmap(await (await answer(url)).blob().catch(lost));
}
