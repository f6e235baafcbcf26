// @ts-check
/** Reduces the polling of htmx in a hidden tab to one request in fifteen. */

const INTERVAL = 15;

let skipped = 0;

document.addEventListener("htmx:beforeRequest", (event) => {
  const polling = event.target instanceof Element && event.target.matches("[hx-trigger^=every]");
  if (!polling || !document.hidden) {
    skipped = 0;
    return;
  }
  skipped += 1;
  if (skipped % INTERVAL) event.preventDefault();
});
