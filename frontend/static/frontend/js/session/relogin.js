// @ts-check
/** Logging in again without leaving the page: the votes wait here until it has worked. */
import { NetworkError, csrfToken, send } from "../lib/api.js";
import { element, text } from "../lib/dom.js";

/** Whose session the browser holds now; "" for nobody's. @returns {Promise<string>} */
export async function whoAmI() {
  return (await send("GET", "/whoami/")).user;
}

/**
 * A guard before each vote: a log-in changes the CSRF token, so whenever that is a new one,
 * the server is asked whose session this is. Nobody's votes go out under another's name.
 * @param {string} user
 */
export function ownSession(user) {
  let trusted = csrfToken();
  return async () => {
    const token = csrfToken();
    if (token === trusted) return true;
    const mine = (await whoAmI()) === user;
    if (mine) trusted = token;
    return mine;
  };
}

/**
 * Wires the dialog; `done` is called when the same person is logged in again.
 * @param {HTMLDialogElement} dialog @param {string} user @param {() => void} done
 */
export function wireRelogin(dialog, user, done) {
  const form = element(dialog, "form", HTMLFormElement);
  const password = element(dialog, "[name=password]", HTMLInputElement);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    text(dialog, ".error", "");
    const fields = new FormData(form);
    try {
      // The log-in page brings a CSRF cookie that is good for it, whatever happened to the old one.
      await fetch(form.action, { credentials: "same-origin" });
      fields.set("csrfmiddlewaretoken", csrfToken());
      const body = new URLSearchParams(/** @type {any} */ (fields));
      await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
      if ((await whoAmI()) !== user) throw new Error("That is not the right password.");
      dialog.close();
      done();
    } catch (reason) {
      const away = reason instanceof NetworkError || reason instanceof TypeError;
      text(dialog, ".error", away ? "The server cannot be reached." : /** @type {Error} */ (reason).message);
    }
    password.value = "";
  });
}
