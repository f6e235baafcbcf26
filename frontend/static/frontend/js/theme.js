// @ts-check
/**
 * Dark unless somebody chose otherwise: faint images are compared on dark. A classic script in
 * the head, so that a light page never flashes dark first.
 */
(() => {
  const KEY = "asterism-theme";
  const CHOICES = ["dark", "light", "system"];
  const bright = matchMedia("(prefers-color-scheme: light)");
  let choice = "dark";
  try {
    choice = localStorage.getItem(KEY) ?? choice;
  } catch {
    // Storage refused: the choice lasts as long as the page.
  }

  const apply = () => {
    const light = choice === "light" || (choice === "system" && bright.matches);
    document.documentElement.dataset.theme = light ? "light" : "dark";
    const button = document.getElementById("theme");
    if (button) button.textContent = `◐ ${choice}`;
    if (button) button.title = `Theme: ${choice}. Click for the next of ${CHOICES.join(", ")}.`;
  };

  apply();
  bright.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      try {
        localStorage.setItem(KEY, choice);
      } catch {
        // As above.
      }
      apply();
    });
  });
})();
