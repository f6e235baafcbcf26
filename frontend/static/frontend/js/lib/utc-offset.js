// @ts-check
/**
 * Stores how far this browser is ahead of UTC, so that "today" is the day of the person.
 *
 * A classic script in the head: the cookie is there before the page asks for any number.
 */
(() => {
  // At the last midnight, as the clocks may have changed since.
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const minutes = -midnight.getTimezoneOffset();
  const path = document.documentElement.dataset.root;
  document.cookie = `asterism_utc_offset=${minutes}; path=${path}; max-age=31536000; samesite=lax`;
})();
