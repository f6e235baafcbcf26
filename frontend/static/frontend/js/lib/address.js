// @ts-check
/** Addresses below the path at which Asterism is served, and names of what the browser stores. */

/** Return that path, with a slash at its end. */
const root = () => globalThis.document?.documentElement.dataset.root ?? "/";

/** Return the address of a page. @param {string} path without a slash at its start */
export const pageUrl = (path) => root() + path;

/** Return the address of a resource of the API. @param {string} path without a slash at its start */
export const apiUrl = (path) => `${root()}api/v1/${path}`;

/**
 * Return a name for stored data: instances at different paths of one host share the browser's store.
 * @param {string} name
 */
export const storedName = (name) => (root() === "/" ? name : name + root());
