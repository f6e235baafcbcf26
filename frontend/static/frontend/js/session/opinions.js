// @ts-check
/** What the network and the others said of a candidate, after one's own vote. */
import { send } from "../lib/api.js";
import { make } from "../lib/dialogs.js";
import { element } from "../lib/dom.js";
import { urlOf } from "../viewer/load.js";

/** @typedef {import("../viewer/load.js").Item} Item */
/**
 * What the server answers.
 * @typedef {{network: {run: number, external: string, probabilities: number[], entropy_nats: number,
 *     ensemble_agreement: number, label: number} | null,
 *   votes: {voter: string, label: number | "unsure", certainty: string, reason: string, comment: string,
 *     flagged: boolean, mine: boolean}[],
 *   consensus: {label: number | null, status: string, n_votes: number} | null,
 *   references: {source: string, label: number}[],
 *   comments: {author: string, text: string, written_at: string, resolved: boolean}[]}} Opinions
 */

/** @param {number | string | null} label */
function badge(label) {
  if (label === null) return make("span", { className: "quiet" }, "none yet");
  const name = label === "unsure" ? "unsure" : String(label);
  return make("span", { className: `class class-${name}` }, name === "unsure" ? "u" : name);
}

/** @param {string} head @param {...(Node | string)} cells */
function row(head, ...cells) {
  return make("tr", {}, make("th", { scope: "row" }, head), ...cells.map((cell) => make("td", {}, cell)));
}

/** @param {NonNullable<Opinions["network"]>} network */
function networkTable({ run, external, probabilities, entropy_nats: entropy, ensemble_agreement: agreement, label }) {
  const rows = probabilities.map((p, i) => {
    const bar = make("progress", { className: `class-${i + 1}`, max: 1, value: p, ariaLabel: `probability of class ${i + 1}` });
    return make("tr", {}, make("td", {}, badge(i + 1)), make("td", { className: "bar-cell" }, bar), make("td", { className: "number" }, p.toFixed(2)));
  });
  const members = external ? "" : `; ${Math.round(100 * agreement)} % of the members name class ${label}`;
  const words = `Entropy ${entropy.toFixed(2)} nat (0 to 1.39)${members}.`;
  return [make("h3", {}, `Network, run ${run}${external ? `: ${external}` : ""}`), make("table", {}, ...rows), make("p", { className: "quiet" }, words)];
}

/** @param {Opinions["comments"]} comments @returns {Node[]} */
function discussion(comments) {
  if (comments.length === 0) return [];
  const said = comments.map(({ author, text, written_at: at, resolved }) => row(
    author, text, make("span", { className: "quiet" }, `${at.slice(0, 10)}${resolved ? ", decided since" : ""}`),
  ));
  return [make("h3", {}, "Discussion"), make("table", {}, ...said)];
}

/** @param {Opinions} opinions @returns {Node[]} */
export function opinionNodes({ network, votes, consensus, references, comments }) {
  const told = votes.map(({ voter, label, certainty, reason, comment, flagged, mine }) => {
    const more = [certainty === "possible" ? "possible" : "", reason, flagged ? "flagged" : "", comment];
    return row(mine ? `${voter} (me)` : voter, badge(label), more.filter(Boolean).join(", "));
  });
  const settled = consensus ? [row("consensus", badge(consensus.label), consensus.status)] : [];
  const published = references.map(({ source, label }) => row(source, badge(label), "published"));
  return [
    ...(network ? networkTable(network) : [make("p", { className: "quiet" }, "No network has looked at this field yet.")]),
    make("h3", {}, "People"),
    make("table", {}, ...told, ...settled, ...published),
    ...discussion(comments),
  ];
}

/**
 * Opens the dialog for a candidate that one has voted on.
 * @param {HTMLDialogElement} dialog @param {Item} item
 */
export async function showOpinions(dialog, item) {
  const body = element(dialog, "#opinions-body", HTMLElement);
  element(dialog, "h2", HTMLElement).textContent = `What the others said of ${item.galaxy} ${item.catalogue_id}`;
  const form = element(dialog, "form#comment-form", HTMLFormElement);
  const text = element(form, "textarea", HTMLTextAreaElement);
  const refresh = async () => {
    const opinions = await send("GET", urlOf(item, "opinions/"));
    body.replaceChildren(...opinionNodes(opinions));
    form.hidden = false;
  };
  /** @param {Error} reason */
  const fail = ({ message }) => body.append(make("p", { className: "bad", role: "alert" }, message));
  body.replaceChildren(make("p", { className: "quiet" }, "A moment."));
  form.hidden = true;
  form.onsubmit = (event) => {
    event.preventDefault();
    send("POST", urlOf(item, "comments/"), { text: text.value }).then(() => {
      form.reset();
      return refresh();
    }).catch(fail);
  };
  text.onkeydown = ({ key, ctrlKey, metaKey }) => {
    if (key === "Enter" && (ctrlKey || metaKey)) form.requestSubmit();
  };
  dialog.showModal();
  await refresh().catch((reason) => {
    body.replaceChildren();
    fail(reason);
  });
}
