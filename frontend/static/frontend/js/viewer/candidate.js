// @ts-check
/** The page of one candidate: the same stage as for voting, without the queue. */
import { wireActions } from "../lib/actions.js";
import { send } from "../lib/api.js";
import { Controls } from "./controls.js";
import { data, element, text } from "../lib/dom.js";
import { colour, load } from "./load.js";
import { Preferences } from "../lib/preferences.js";
import { sound } from "./settings.js";
import { Stage } from "./stage.js";

const main = element(document, "#main", HTMLElement);
const root = element(main, "#viewer", HTMLElement);
const display = sound(data("display"));
const preferences = new Preferences();

/** @type {import("./load.js").Loaded | null} */
let loaded = null;
/** @type {Controls | undefined} */
let controls;
const stage = new Stage(root, display, () => controls?.touched());
controls = new Controls(root, display, stage, data("rgb-options"), {
  saved: () => preferences.save("display", display),
  recoloured: () => loaded && colour(loaded, display.rgb, arrived),
});

/** @param {string} sentence */
const fail = (sentence) => text(root, "#failure", sentence && `The stamps cannot be shown: ${sentence}`);

/** @param {import("./load.js").Loaded} now */
function arrived(now) {
  fail(now.failure);
  stage.show(now);
}

wireActions({
  ...controls.actions, ...stage.actions, ...stage.examination.actions, "close": () => { stage.close(); },
}, data("keys"));
try {
  loaded = load(await send("GET", main.dataset.candidate ?? ""), display.rgb, arrived);
  stage.show(loaded);
} catch (reason) {
  fail(/** @type {Error} */ (reason).message);
  stage.show(null);
}
