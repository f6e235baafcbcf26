// @ts-check
/** The page of one candidate: the same stage as for voting, without the queue. */
import { send } from "./api.js";
import { Controls } from "./controls.js";
import { data, element, text } from "./dom.js";
import { listen } from "./keys.js";
import { load } from "./load.js";
import { remembered } from "./settings.js";
import { Stage } from "./stage.js";

const main = element(document, "#main", HTMLElement);
const root = element(main, "#scene", HTMLElement);
const display = remembered();
const stage = new Stage(root, display);

/** @param {string} sentence */
const fail = (sentence) => text(root, "#failure", sentence && `The stamps cannot be shown: ${sentence}`);

/** @type {import("./load.js").Loaded | null} */
let loaded = null;
const controls = new Controls(root, display, () => stage.show(loaded));
/** @param {string} action */
const act = (action) => controls.actions[action]?.();

listen(data("keys"), act);
root.addEventListener("click", ({ target }) => {
  const button = /** @type {Element} */ (target).closest("[data-action]");
  if (button instanceof HTMLButtonElement) act(button.dataset.action ?? "");
});
try {
  loaded = load(await send("GET", main.dataset.candidate ?? ""), (now) => {
    fail(now.failure);
    stage.show(now);
  });
  stage.show(loaded);
} catch (reason) {
  fail(/** @type {Error} */ (reason).message);
}
