// @ts-check
/** Entry point of the classify page: connects viewer, queue, outbox, session and keys. */
import { wireActions } from "../lib/actions.js";
import { openDialog, toggleDialog } from "../lib/dialogs.js";
import { element, pageData } from "../lib/dom.js";
import { showKeys } from "../lib/key-labels.js";
import { Preferences } from "../lib/preferences.js";
import { loadCandidate, loadColourImage } from "../viewer/load.js";
import { History } from "./history.js";
import { wireKeyHelp } from "./key-help.js";
import { showOpinions } from "./opinions.js";
import { Outbox } from "./outbox.js";
import { ProgressCounter } from "./progress-counter.js";
import { wireQuestions } from "./questions.js";
import { Queue } from "./queue.js";
import { wireRelogin } from "./relogin.js";
import { leaseRequests, voteSender } from "./requests.js";
import { showSession } from "./session-view.js";
import { Session } from "./session.js";
import { Status } from "./status.js";
import { voteActions } from "./vote-actions.js";
import { wireFlag, wireReasons } from "./vote-dialogs.js";
import { noStore, openVoteStore } from "./vote-store.js";
import { wireViewer } from "./wire-viewer.js";

const RENEW_MS = 60_000;
const COUNT_MS = 60_000;

const root = element(document, "#classify", HTMLElement);
const user = root.dataset.user ?? "";
const filter = pageData("queue-filter");
/** @param {string} id */
const dialog = (id) => element(document, `#${id}`, HTMLDialogElement);

const preferences = new Preferences();
const bindings = pageData("keys");
const status = new Status(root);
const { viewer, display, actions: viewerActions, close: closeViewer } = wireViewer(
  root, preferences, () => {
    for (const candidate of new Set([...queue.candidates, session.dueCandidate])) {
      if (candidate) loadColourImage(candidate, display.rgb, onLoaded);
    }
  },
);

const counter = new ProgressCounter(
  filter, () => outbox.state.waiting, (progress) => status.showProgress(progress),
);
const sendVote = voteSender(user, () => {
  status.showNote("This candidate already had all its votes; yours is kept as an additional one.");
});
const outbox = new Outbox(await openVoteStore().catch(() => noStore), user, sendVote, (state) => {
  status.showOutbox(state);
  if (state.waiting === 0) counter.countIfPostponed();
  if (state.condition === "saved" && !queue.current) queue.fill();
});

/** @param {import("../viewer/load.js").Candidate} candidate */
const onLoaded = (candidate) => {
  if (candidate === session.dueCandidate) refresh();
};
/** @param {import("../viewer/load.js").Item} item */
const load = (item) => loadCandidate(item, display.rgb, onLoaded);

const queue = new Queue(leaseRequests(filter), load, () => outbox.candidates, (state, detail) => {
  status.showQueue(state, detail);
  if (state === "empty") counter.count();
  refresh();
});

const session = new Session(
  queue,
  outbox,
  viewer,
  new History(user, load),
  () => ({ ...display, zoom: Number(viewer.strip.zoom.toFixed(2)) }),
  (change) => {
    counter.noteChange(change);
    status.addVotes(change);
    status.showNote("");
    refresh();
  },
);

function refresh() {
  session.refresh();
  showSession(root, session, status, bindings, pageData("opinion-texts").reasons);
}

function retry() {
  outbox.retry();
  queue.fill();
  counter.count();
}

function openOpinions() {
  const vote = session.history.reviewedVote ?? session.history.votes.at(-1);
  if (vote) showOpinions(dialog("opinions"), vote.item, pageData("opinion-texts"));
  else status.showNote("Vote first. Opinions are shown after your vote.");
}

function close() {
  const open = openDialog();
  if (open) open.close();
  else closeViewer();
}

/** @param {Record<string, string[]>} keys */
const saveKeys = (keys) => preferences.saveNow("keys", keys);

function onKeysChanged() {
  showKeys(document, bindings);
  refresh();
}
showKeys(document, bindings);
wireKeyHelp(dialog("help"), bindings, pageData("default-keys"), saveKeys, onKeysChanged);
wireActions({
  ...viewerActions,
  ...voteActions(session, refresh),
  "reasons": wireReasons(dialog("reasons"), session),
  "questions": wireQuestions(dialog("questions"), pageData("tree"), session),
  "flag": wireFlag(dialog("flag"), session, refresh),
  "skip": () => session.skip(),
  "undo": () => session.undo(),
  "previous": () => session.step(-1),
  "next": () => session.step(1),
  "opinions": openOpinions,
  "examples": () => toggleDialog(dialog("examples")),
  "help": () => toggleDialog(dialog("help")),
  "close": close,
  "login": () => dialog("relogin").showModal(),
  "dismiss": () => outbox.dismiss(),
}, bindings);
element(root, "#id_field", HTMLSelectElement).addEventListener("change", ({ target }) => {
  /** @type {HTMLSelectElement} */ (target).form?.requestSubmit();
});
wireRelogin(dialog("relogin"), user, retry);
addEventListener("online", retry);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && retry());
addEventListener("pagehide", () => queue.close());
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
setInterval(() => queue.renew(), RENEW_MS);
setInterval(() => counter.count(), COUNT_MS);
await outbox.open();
retry();
