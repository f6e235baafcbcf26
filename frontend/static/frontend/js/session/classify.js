// @ts-check
/** The classify page: wires the queue, the outbox, the session, the stage and the keys together. */
import { wireActions } from "../lib/actions.js";
import { send } from "../lib/api.js";
import { Controls } from "../viewer/controls.js";
import { delivery, leasesOf } from "./delivery.js";
import { openDialog, toggle } from "../lib/dialogs.js";
import { data, element, text } from "../lib/dom.js";
import { History } from "./history.js";
import { wireKeyHelp } from "./key-help.js";
import { colour, load } from "../viewer/load.js";
import { showOpinions } from "./opinions.js";
import { Outbox } from "./outbox.js";
import { Preferences } from "../lib/preferences.js";
import { wireQuestions } from "./questions.js";
import { Queue } from "./queue.js";
import { wireRelogin } from "./relogin.js";
import { wireReasons, wireRemark } from "./remark.js";
import { drawSession } from "./session-strip.js";
import { Session } from "./session.js";
import { sound } from "../viewer/settings.js";
import { Stage } from "../viewer/stage.js";
import { Status } from "./status.js";
import { noStore, openVoteStore } from "./vote-store.js";

const RENEW_MS = 60_000;
const COUNT_MS = 60_000;

const root = element(document, "#classify", HTMLElement);
const user = root.dataset.user ?? "";
const wish = data("queue-filter");
/** @param {string} id */
const dialog = (id) => element(document, `#${id}`, HTMLDialogElement);

const display = sound(data("display"));
const preferences = new Preferences();
const keys = data("keys");
const status = new Status(root);
const stage = new Stage(root, display, () => controls?.touched());
/** @type {Controls | undefined} */
let controls;
controls = new Controls(root, display, stage, data("rgb-options"), {
  saved: () => preferences.save("display", display),
  recoloured: () => {
    for (const loaded of new Set([...queue.hand, session.due])) if (loaded) colour(loaded, display.rgb, arrived);
  },
});

/** Votes given and taken back on this page. */
let casts = 0;
/** Whether the server is to be asked how many there are as soon as it has every vote. */
let uncounted = false;

const deliver = delivery(user, () => {
  status.say("That candidate had all its votes meanwhile; yours is kept as one more.");
});
const outbox = new Outbox(await openVoteStore().catch(() => noStore), user, deliver, (state) => {
  status.outbox(state);
  if (state.waiting === 0 && uncounted) count();
  if (state.condition === "saved" && !queue.current) queue.fill();
});

/** @param {import("../viewer/load.js").Loaded} loaded */
const arrived = (loaded) => {
  if (loaded === session.due) refresh();
};
/** @param {import("../viewer/load.js").Item} item */
const fetched = (item) => load(item, display.rgb, arrived);

const queue = new Queue(
  leasesOf(wish),
  fetched,
  () => outbox.candidates,
  (supply, detail) => {
    status.supply(supply, detail);
    if (supply === "empty") count();
    refresh();
  },
);

const session = new Session(
  queue,
  outbox,
  stage,
  new History(user, fetched),
  () => ({ ...display, zoom: Number(stage.strip.zoom.toFixed(2)) }),
  (change) => {
    casts += Math.abs(change);
    status.cast(change);
    status.say("");
    refresh();
  },
);

function refresh() {
  session.refresh();
  const { shown, answer, remark } = session;
  element(root, "#viewer", HTMLElement).hidden = !shown;
  element(root, "#queue-note", HTMLElement).hidden = Boolean(shown);
  const failure = shown?.failure ?? "";
  text(root, "#failure", failure && `These stamps cannot be shown: ${failure}`);
  element(root, "#failed", HTMLElement).hidden = failure === "";
  for (const button of root.querySelectorAll(".answer")) {
    button.ariaPressed = String(button.getAttribute("data-label") === String(answer?.label));
  }
  const flag = element(root, "[data-action='flag']", HTMLButtonElement);
  flag.ariaPressed = String(remark.flagged || remark.comment !== "");
  if (session.undone) status.say("Vote taken back: vote again");
  else if (session.history.reviewed) status.say("Your earlier vote: vote again to change it, n to go on");
  drawSession(root, session);
}

/** Asks how many there are, when no vote is under way: one that the server may know or not. */
async function count() {
  uncounted = outbox.state.waiting > 0;
  if (uncounted) return;
  const before = casts;
  const query = wish.field ? `?field=${encodeURIComponent(wish.field)}` : "";
  // Only figures: when they cannot be had now, they come with the next round.
  const progress = await send("GET", `/api/v1/progress/${query}`).catch(() => null);
  uncounted = casts !== before;
  if (progress && !uncounted) status.counted(progress);
}

function wake() {
  outbox.wake();
  queue.fill();
  count();
}

function opinions() {
  const cast = session.history.reviewed ?? session.history.casts.at(-1);
  if (cast) showOpinions(dialog("opinions"), cast.item);
  else status.say("Vote first: opinions are shown for what you have voted on");
}

function close() {
  const open = openDialog();
  if (open) open.close();
  else stage.close();
}

/** @type {import("./session.js").Label[]} */
const CLASSES = [1, 2, 3, 4];

/** @type {Readonly<Record<string, () => void>>} */
const actions = {
  ...controls.actions,
  ...stage.actions,
  ...stage.examination.actions,
  ...Object.fromEntries(CLASSES.map((label) => [`vote-${label}`, () => session.vote(label)])),
  ...Object.fromEntries(CLASSES.map((label) => [`possible-${label}`, () => session.vote(label, { certainty: "possible" })])),
  "unsure": () => session.vote("unsure"),
  "reasons": wireReasons(dialog("reasons"), session),
  "questions": wireQuestions(dialog("questions"), data("tree"), session),
  "flag": wireRemark(dialog("flag"), session, refresh),
  "skip": () => session.skip(),
  "undo": () => session.undo(),
  "previous": () => session.step(-1),
  "next": () => session.step(1),
  "opinions": opinions,
  "examples": () => toggle(dialog("examples")),
  "help": () => toggle(dialog("help")),
  "close": close,
  "login": () => dialog("relogin").showModal(),
  "dismiss": () => outbox.dismiss(),
};

wireKeyHelp(dialog("help"), keys, data("default-keys"), (own) => preferences.saveNow("keys", own));
wireActions(actions, keys);
element(root, "#id_field", HTMLSelectElement).addEventListener("change", ({ target }) => {
  /** @type {HTMLSelectElement} */ (target).form?.requestSubmit();
});
wireRelogin(dialog("relogin"), user, wake);
addEventListener("online", wake);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
addEventListener("pagehide", () => queue.close());
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
setInterval(() => queue.renew(), RENEW_MS);
setInterval(count, COUNT_MS);
await outbox.open();
wake();
