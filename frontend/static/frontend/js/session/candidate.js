// @ts-check
/** Entry point of the page of one candidate: the viewer and the answers without the queue. */
import { wireActions } from "../lib/actions.js";
import { send } from "../lib/api.js";
import { openDialog, toggleDialog } from "../lib/dialogs.js";
import { element, pageData, setText } from "../lib/dom.js";
import { showKeys } from "../lib/key-labels.js";
import { Preferences } from "../lib/preferences.js";
import { loadCandidate, loadColourImage } from "../viewer/load.js";
import { wireKeyHelp } from "./key-help.js";
import { Outbox } from "./outbox.js";
import { OwnVote } from "./own-vote.js";
import { wireQuestions } from "./questions.js";
import { wireRelogin } from "./relogin.js";
import { voteSender } from "./requests.js";
import { showSession, voteText } from "./session-view.js";
import { Session } from "./session.js";
import { Status } from "./status.js";
import { voteActions } from "./vote-actions.js";
import { wireFlag, wireReasons } from "./vote-dialogs.js";
import { noStore, openVoteStore } from "./vote-store.js";
import { wireViewer } from "./wire-viewer.js";

/** @typedef {import("../viewer/load.js").Item} Item */

const root = element(document, "#classify", HTMLElement);
const user = root.dataset.user ?? "";
const preferences = new Preferences();
const bindings = pageData("keys");
const { reasons } = pageData("opinion-texts");
const status = new Status(root);
/** @param {string} id */
const dialog = (id) => element(document, `#${id}`, HTMLDialogElement);

/** Replace the opinions by those that the server shows now, after a vote or without one. */
async function renewOpinions() {
  const response = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const [before, after] = [document, page].map((tree) => tree.querySelector(".opinions"));
  if (!before || !after) return;
  const [draft, comment] = [before, after].map((part) => part.querySelector("textarea"));
  if (draft && comment) comment.value = draft.value;
  before.replaceWith(document.adoptNode(after));
}

/** @param {Item} item */
async function wirePage(item) {
  const { viewer, display, actions: viewerActions, close: closeViewer } = wireViewer(
    root, preferences, () => loadColourImage(candidate, display.rgb, refresh),
  );
  let unsaved = false;
  const sendVote = voteSender(user, () => {
    status.showNote("This candidate already had all its votes; yours is kept as an additional one.");
  });
  const store = await openVoteStore().catch(() => noStore);
  const outbox = new Outbox(store, user, sendVote, (state) => {
    status.showOutbox(state);
    if (unsaved && state.condition === "saved") renewOpinions();
    unsaved = state.condition !== "saved";
  });
  const candidate = loadCandidate(item, display.rgb, () => refresh());
  const ownVote = new OwnVote(candidate, pageData("own-vote"));
  const displayOfVote = () => ({ ...display, zoom: Number(viewer.strip.zoom.toFixed(2)) });
  const session = new Session(ownVote, outbox, viewer, ownVote, displayOfVote, refresh);

  function refresh() {
    session.refresh();
    status.showNote("");
    showSession(root, session, status, bindings, reasons);
    if (!ownVote.reviewedVote) return;
    const vote = voteText(ownVote.reviewedVote, reasons);
    status.showNote(`Your vote: ${vote}. Vote again to change it, or undo it.`);
  }

  const retry = () => outbox.retry();
  /** @param {Record<string, string[]>} keys */
  const saveKeys = (keys) => preferences.saveNow("keys", keys);
  const help = dialog("help");
  wireKeyHelp(help, bindings, pageData("default-keys"), saveKeys, () => showKeys(document, bindings));
  wireActions({
    ...viewerActions,
    ...voteActions(session, refresh),
    "reasons": wireReasons(dialog("reasons"), session),
    "questions": wireQuestions(dialog("questions"), pageData("tree"), session),
    "flag": wireFlag(dialog("flag"), session, refresh),
    "undo": () => session.undo(),
    "examples": () => toggleDialog(dialog("examples")),
    "help": () => toggleDialog(help),
    "close": () => { const open = openDialog(); if (open) open.close(); else closeViewer(); },
    "login": () => dialog("relogin").showModal(),
    "dismiss": () => outbox.dismiss(),
  }, bindings);
  wireRelogin(dialog("relogin"), user, retry);
  addEventListener("online", retry);
  refresh();
  await outbox.open();
}

showKeys(document, bindings);
try {
  await wirePage(await send("GET", root.dataset.candidate ?? ""));
} catch (reason) {
  setText(root, "#queue-title", "The candidate cannot be shown");
  setText(root, "#queue-advice", /** @type {Error} */ (reason).message);
}
