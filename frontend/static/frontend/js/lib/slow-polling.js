// @ts-check
/** Parts of a page that ask the server every few seconds: in a hidden tab they seldom do. */

/** A hidden tab makes one request of so many. */
const SELDOM = 15;

let asked = 0;

document.addEventListener("htmx:beforeRequest", (event) => {
  const live = event.target instanceof Element && event.target.matches("[hx-trigger^=every]");
  if (!live || !document.hidden) {
    asked = 0;
    return;
  }
  asked += 1;
  if (asked % SELDOM) event.preventDefault();
});
