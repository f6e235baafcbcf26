// @ts-check
/** Logging in again without leaving the page; the votes wait in the outbox meanwhile. */
import { pageUrl } from "../lib/address.js";
import { NetworkError, csrfToken, send } from "../lib/api.js";
import { element, setText } from "../lib/dom.js";

const TOO_MANY_REQUESTS = 429;

/** Return the name of the user who is logged in, "" for none. @returns {Promise<string>} */
async function currentUser() {
  return (await send("GET", pageUrl("whoami/"))).user;
}

/**
 * Return a check that this user is still logged in, to be made before each vote, so that nobody's
 * votes are sent under another name. A log-in changes the CSRF token: the server is asked only
 * after a change of the token.
 * @param {string} user
 */
export function sessionCheck(user) {
  let checkedToken = csrfToken();
  return async () => {
    const token = csrfToken();
    if (token === checkedToken) return true;
    const same = (await currentUser()) === user;
    if (same) checkedToken = token;
    return same;
  };
}

/**
 * Wire the dialog; `onLogin` is called when the same user is logged in again.
 * @param {HTMLDialogElement} dialog @param {string} user @param {() => void} onLogin
 */
export function wireRelogin(dialog, user, onLogin) {
  const form = element(dialog, "form", HTMLFormElement);
  const password = element(dialog, "[name=password]", HTMLInputElement);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(dialog, ".error", "");
    const fields = new FormData(form);
    try {
      // The log-in page sets a CSRF cookie that is valid for the form.
      await fetch(form.action, { credentials: "same-origin" });
      fields.set("csrfmiddlewaretoken", csrfToken());
      const body = new URLSearchParams(/** @type {any} */ (fields));
      const headers = { Accept: "application/json, text/html;q=0.9" };
      const answer = await fetch(form.action, {
        method: "POST",
        body,
        headers,
        credentials: "same-origin",
      });
      if (answer.status === TOO_MANY_REQUESTS) throw new Error((await answer.json()).detail);
      if ((await currentUser()) !== user) throw new Error("That is not the right password.");
      dialog.close();
      onLogin();
    } catch (reason) {
      const offline = reason instanceof NetworkError || reason instanceof TypeError;
      const message = /** @type {Error} */ (reason).message;
      setText(dialog, ".error", offline ? "The server cannot be reached." : message);
    }
    password.value = "";
  });
}
