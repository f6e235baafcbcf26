// @ts-check
/**
 * The theme: dark unless the user chose otherwise, because experts compare faint images.
 *
 * A classic script in the head, so that a light page is never painted dark first. The choice of a
 * logged-in user is stored on the server and comes with the page, that of others in the browser.
 */
(() => {
  const KEY = "asterism-theme";
  const CHOICES = ["dark", "light", "system"];
  const systemIsLight = matchMedia("(prefers-color-scheme: light)");
  const page = document.documentElement;
  const serverChoice = page.dataset.choice ?? "";

  const storedChoice = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage refused: the choice lasts as long as the page
    }
  };
  let choice = serverChoice || storedChoice() || CHOICES[0];

  const apply = () => {
    const light = choice === "light" || (choice === "system" && systemIsLight.matches);
    page.dataset.theme = light ? "light" : "dark";
    const button = document.getElementById("theme");
    if (button) button.textContent = `◐ ${choice}`;
    if (button) button.title = `Theme: ${choice}. Click to change it (${CHOICES.join(", ")}).`;
  };

  const save = () => {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // As above.
    }
    if (!serverChoice) return;
    const cookie = new RegExp(`(?:^|;\\s*)${page.dataset.csrfCookie}=([^;]+)`);
    const token = cookie.exec(document.cookie)?.[1] ?? "";
    // No message if the server is away: the theme holds on this page.
    fetch(`${page.dataset.root}api/v1/preferences/`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ theme: choice }),
      keepalive: true,
    }).catch(() => undefined);
  };

  apply();
  systemIsLight.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      apply();
      save();
    });
  });
})();
