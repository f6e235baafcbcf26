// @ts-check
/** The classify page: wires the queue, the outbox, the stage and the keys together. */
import { ApiError, send } from "./api.js";
import { Controls } from "./controls.js";
import { data, element, text } from "./dom.js";
import { listen } from "./keys.js";
import { load } from "./load.js";
import { Outbox } from "./outbox.js";
import { Queue } from "./queue.js";
import { ownSession, wireRelogin } from "./relogin.js";
import { Session } from "./session.js";
import { remembered } from "./settings.js";
import { Stage } from "./stage.js";
import { Status } from "./status.js";
import { noStore, openVoteStore } from "./vote-store.js";

const API = "/api/v1";
const RENEW_MS = 60_000;
const COUNT_MS = 60_000;

const root = element(document, "#classify", HTMLElement);
const user = root.dataset.user ?? "";
const field = root.dataset.field ?? "";
const scene = element(root, "#scene", HTMLElement);
const emptiness = element(root, "#stage-note", HTMLElement);
const help = element(document, "#help", HTMLDialogElement);
const login = element(document, "#relogin", HTMLDialogElement);

const display = remembered();
const status = new Status(root);
const stage = new Stage(root, display);
const controls = new Controls(root, display, () => session.refresh());
const mine = ownSession(user);

/** @param {import("./vote-store.js").Waiting} entry */
async function deliver({ method, uuid, body }) {
  if (!(await mine())) throw new ApiError(401, "Somebody else is logged in.");
  await send(method, `${API}/votes/${uuid}/`, body).catch((reason) => {
    // Taking back a vote that never arrived is done already.
    if (method !== "DELETE" || reason.status !== 404) throw reason;
  });
}

const outbox = new Outbox(await openVoteStore().catch(() => noStore), user, deliver, (state) => {
  status.outbox(state);
  if (state.condition === "saved" && !queue.current) queue.fill();
});

const queue = new Queue(
  {
    lease: (count) => send("POST", `${API}/queue/`, field ? { count, field } : { count }),
    renew: (lease) => send("PUT", `${API}/leases/${lease}/`),
    skip: (lease) => send("PUT", `${API}/leases/${lease}/skip/`),
    handBack: (lease) => send("DELETE", `${API}/leases/${lease}/`, undefined, { keepalive: true }),
  },
  (item) => load(item, (loaded) => loaded === queue.current && refresh()),
  () => outbox.candidates,
  (supply, detail) => {
    status.supply(supply, detail);
    if (supply === "empty") count();
    refresh();
  },
);

const session = new Session(queue, outbox, stage, display, ({ cast, undone }) => {
  status.cast(cast);
  for (const button of root.querySelectorAll(".answer")) {
    button.ariaPressed = String(undone !== null && button.getAttribute("data-label") === String(undone.label));
  }
  text(root, "#undone", undone ? "Vote taken back: vote again" : "");
  refresh();
});

function refresh() {
  const failure = queue.current?.failure ?? "";
  scene.hidden = !queue.current;
  emptiness.hidden = Boolean(queue.current);
  text(root, "#failure", failure && `These stamps cannot be shown: ${failure}`);
  element(root, "#failed", HTMLElement).hidden = failure === "";
  session.refresh();
}

async function count() {
  const query = field ? `?field=${encodeURIComponent(field)}` : "";
  // Only figures: when they cannot be had now, they come with the next round.
  const progress = await send("GET", `${API}/progress/${query}`).catch(() => null);
  if (progress) status.counted(progress);
}

function wake() {
  outbox.wake();
  queue.fill();
  count();
}

/** @type {Readonly<Record<string, () => void>>} */
const actions = {
  ...controls.actions,
  "vote-1": () => session.vote(1, "sure"),
  "vote-2": () => session.vote(2, "sure"),
  "vote-3": () => session.vote(3, "sure"),
  "vote-4": () => session.vote(4, "sure"),
  "possible-1": () => session.vote(1, "possible"),
  "possible-2": () => session.vote(2, "possible"),
  "possible-3": () => session.vote(3, "possible"),
  "possible-4": () => session.vote(4, "possible"),
  "unsure": () => session.vote("unsure", "sure"),
  "skip": () => session.skip(),
  "undo": () => session.undo(),
  "help": () => (help.open ? help.close() : help.showModal()),
  "close": () => openDialog()?.close(),
  "login": () => login.showModal(),
  "dismiss": () => outbox.dismiss(),
};

/** @returns {HTMLDialogElement | undefined} */
function openDialog() {
  return [help, login].find(({ open }) => open);
}

listen(data("keys"), (action) => {
  if (!openDialog() || action === "help" || action === "close") actions[action]();
});
document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-action]");
  if (!(button instanceof HTMLButtonElement)) return;
  const action = button.dataset.action ?? "";
  actions[event.shiftKey ? action.replace("vote", "possible") : action]();
  // After a click by mouse, Space must skip, not press the button again.
  if (event.detail > 0) button.blur();
});
element(root, "#field", HTMLSelectElement).addEventListener("change", ({ target }) => {
  /** @type {HTMLSelectElement} */ (target).form?.requestSubmit();
});
wireRelogin(login, user, wake);
addEventListener("online", wake);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
addEventListener("pagehide", () => queue.close());
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
setInterval(() => queue.renew(), RENEW_MS);
setInterval(count, COUNT_MS);
await outbox.open();
wake();
