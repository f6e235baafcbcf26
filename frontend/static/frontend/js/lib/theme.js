// @ts-check
/**
 * Dark unless somebody chose otherwise: faint images are compared on dark. A classic script in
 * the head, so that a light page never flashes dark first. The choice of those who have logged in
 * is the server's, and comes with the page; that of others is this browser's.
 */
(() => {
  const KEY = "asterism-theme";
  const CHOICES = ["dark", "light", "system"];
  const bright = matchMedia("(prefers-color-scheme: light)");
  const page = document.documentElement;
  const known = page.dataset.choice ?? "";

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage refused: the choice lasts as long as the page
    }
  };
  let choice = known || stored() || CHOICES[0];

  const apply = () => {
    const light = choice === "light" || (choice === "system" && bright.matches);
    page.dataset.theme = light ? "light" : "dark";
    const button = document.getElementById("theme");
    if (button) button.textContent = `◐ ${choice}`;
    if (button) button.title = `Theme: ${choice}. Click for the next of ${CHOICES.join(", ")}.`;
  };

  const keep = () => {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // As above.
    }
    if (!known) return;
    const token = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
    // A theme is not worth a word when the server is away: it holds on this page.
    fetch("/api/v1/preferences/", {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ theme: choice }),
      keepalive: true,
    }).catch(() => undefined);
  };

  apply();
  bright.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      apply();
      keep();
    });
  });
})();
