// @ts-check
/** Entry point of the page of one candidate: the viewer without the queue. */
import { wireActions } from "../lib/actions.js";
import { send } from "../lib/api.js";
import { element, pageData, setText } from "../lib/dom.js";
import { showKeys } from "../lib/key-labels.js";
import { Preferences } from "../lib/preferences.js";
import { loadCandidate, loadColourImage } from "../viewer/load.js";
import { wireViewer } from "./wire-viewer.js";

/** @typedef {import("../viewer/load.js").Candidate} Candidate */

const main = element(document, "#main", HTMLElement);
const root = element(main, "#viewer", HTMLElement);

/** @type {Candidate | null} */
let candidate = null;
const { viewer, display, actions, close } = wireViewer(root, new Preferences(), () => {
  if (candidate) loadColourImage(candidate, display.rgb, show);
});

/** @param {string} reason empty for none */
function showFailure(reason) {
  setText(root, "#failure", reason && `The stamps cannot be shown: ${reason}`);
}

/** @param {Candidate} updated */
function show(updated) {
  showFailure(updated.failure);
  viewer.show(updated);
}

const bindings = pageData("keys");
showKeys(document, bindings);
wireActions({ ...actions, close }, bindings);
try {
  candidate = loadCandidate(await send("GET", main.dataset.candidate ?? ""), display.rgb, show);
  viewer.show(candidate);
} catch (reason) {
  showFailure(/** @type {Error} */ (reason).message);
  viewer.show(null);
}
