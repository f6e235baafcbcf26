// @ts-check
/** Requests to the server, with the CSRF token; failures are errors with a sentence for the page. */

/** The server answered with an error; the message is the server's. */
export class ApiError extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  /** True if the user has to log in again. */
  get expired() {
    return this.status === 401 || this.status === 403;
  }

  /** True if the same request may succeed later. */
  get temporary() {
    return this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

/** The request did not reach the server, or the response did not arrive. */
export class NetworkError extends Error {}

const TIMEOUT_MS = 30_000;

/** Return the current CSRF token; it changes at every log-in. */
export function csrfToken() {
  const name = document.documentElement.dataset.csrfCookie;
  return new RegExp(`(?:^|;\\s*)${name}=([^;]+)`).exec(document.cookie)?.[1] ?? "";
}

/** @param {Error} reason @returns {never} */
function throwNetworkError(reason) {
  throw new NetworkError(`The server cannot be reached (${reason.message}).`);
}

/**
 * Return the response if its status is good; otherwise throw an ApiError or a NetworkError.
 * @param {string} url @param {RequestInit} [options]
 */
async function request(url, options = {}) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { credentials: "same-origin", signal, ...options })
    .catch(throwNetworkError);
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? problem.title ?? `The server answered ${response.status}.`;
  throw new ApiError(response.status, String(detail));
}

/**
 * Send JSON and return the JSON of the response, or null if it is empty.
 * @param {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method @param {string} url
 * @param {unknown} [body] @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
export async function send(method, url, body, options = {}) {
  const headers = { ...options.headers, "X-CSRFToken": csrfToken(), "Accept": "application/json" };
  const response = await request(url, {
    ...options,
    method,
    ...(body === undefined
      ? { headers }
      : { headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text().catch(throwNetworkError);
  return text === "" ? null : JSON.parse(text);
}

/**
 * Send bytes and return the JSON of the response; a slow line may take long for them.
 * @param {"PUT"} method @param {string} url @param {Blob} body @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
export async function sendBytes(method, url, body, signal) {
  const headers = {
    "X-CSRFToken": csrfToken(),
    "Accept": "application/json",
    "Content-Type": "application/octet-stream",
  };
  const response = await request(url, { method, headers, body, signal });
  return response.json().catch(throwNetworkError);
}

/** Fetch a file. @param {string} url @returns {Promise<ArrayBuffer>} */
export async function fetchBytes(url) {
  return (await request(url)).arrayBuffer().catch(throwNetworkError);
}

/** Fetch and decode an image. @param {string} url @returns {Promise<ImageBitmap>} */
export async function fetchImage(url) {
  return createImageBitmap(await (await request(url)).blob().catch(throwNetworkError));
}
