// @ts-check
/** The dialog with the opinions of the network and other experts, after the user's own vote. */
import { send } from "../lib/api.js";
import { createElement, element } from "../lib/dom.js";
import { uuid4 } from "../lib/uuid.js";
import { candidateUrl } from "../viewer/load.js";

/** @typedef {import("../viewer/load.js").Item} Item */
/**
 * The server's response.
 * @typedef {{network: {run: number, external: string, probabilities: number[],
 *     calibrated_probabilities: number[] | null, calibration_labels: number, entropy_nats: number,
 *     ensemble_agreement: number, label: number} | null, network_hidden: boolean,
 *   votes: {voter: string, label: number | "unsure", certainty: string, reason: string, comment: string,
 *     flagged: boolean, mine: boolean, imported: boolean}[],
 *   consensus: {label: number | null, status: string, n_votes: number} | null,
 *   references: {source: string, label: number}[],
 *   comments: {author: string, text: string, written_at: string, resolved: boolean}[]}} Opinions
 */

/** @typedef {{statuses: Record<string, string>, reasons: Record<string, string>}} Texts of the server's values */

/** @param {string} className @param {...(Node | string)} children */
const paragraph = (className, ...children) => createElement("p", { className }, ...children);

/** @param {number | string | null} label */
function labelBadge(label) {
  if (label === null) return createElement("span", { className: "quiet" }, "none yet");
  const text = label === "unsure" ? "u" : String(label);
  return createElement("span", { className: `class class-${label}` }, text);
}

/** @param {...string} names */
const tableHead = (...names) =>
  createElement("tr", {}, ...names.map((name) => createElement("th", { scope: "col" }, name)));

/** @param {string} head @param {...(Node | string)} cells */
function tableRow(head, ...cells) {
  const header = createElement("th", { scope: "row" }, head);
  return createElement("tr", {}, header, ...cells.map((cell) => createElement("td", {}, cell)));
}

/** @param {number} probability @param {number} index from 0 @param {number} [calibrated] */
function probabilityRow(probability, index, calibrated) {
  const label = index + 1;
  const bar = createElement("progress", {
    className: `class-${label}`, max: 1, value: probability, ariaLabel: `probability of class ${label}`,
  });
  return createElement("tr", {},
    createElement("td", {}, labelBadge(label)),
    createElement("td", { className: "bar-cell" }, bar),
    createElement("td", { className: "number" }, probability.toFixed(2)),
    ...(calibrated === undefined
      ? [] : [createElement("td", { className: "number" }, calibrated.toFixed(2))]));
}

/** @param {NonNullable<Opinions["network"]>} network @returns {Node[]} */
function networkNodes({
  run, external, probabilities, calibrated_probabilities: calibrated, calibration_labels: count,
  entropy_nats: entropy, ensemble_agreement: agreement, label,
}) {
  const members = external ? "" : `; ${Math.round(100 * agreement)} % of the members predict class ${label}`;
  return [
    createElement("h3", {}, `Network, run ${run}${external ? `: ${external}` : ""}`),
    createElement("table", {},
      ...(calibrated ? [tableHead("class", "", "raw", "calibrated")] : []),
      ...probabilities.map((p, index) => probabilityRow(p, index, calibrated?.[index]))),
    paragraph("quiet", `Entropy ${entropy.toFixed(2)} nat (0 to 1.39)${members}.`),
    ...(calibrated
      ? [paragraph("quiet", `Calibrated by ${count} control labels; see the page of the run.`)] : []),
  ];
}

/** @param {Opinions["comments"]} comments @returns {Node[]} */
function discussionNodes(comments) {
  if (comments.length === 0) return [];
  const rows = comments.map(({ author, text, written_at: time, resolved }) => {
    const date = `${time.slice(0, 10)} UTC${resolved ? ", resolved" : ""}`;
    return tableRow(author, text, createElement("span", { className: "quiet" }, date));
  });
  return [createElement("h3", {}, "Discussion"), createElement("table", {}, ...rows)];
}

/** @param {Opinions["votes"][number]} vote @param {Texts} texts @returns {Node} */
function voteRow({ voter, label, certainty, reason, comment, flagged, mine: isOwn, imported }, { reasons }) {
  const details = [
    certainty === "possible" ? "possible" : "", reasons[reason], flagged ? "flagged" : "",
    imported ? "imported" : "", comment,
  ];
  return tableRow(isOwn ? `${voter} (me)` : voter, labelBadge(label), details.filter(Boolean).join(", "));
}

/** @param {Opinions} opinions @param {Texts} texts @returns {Node[]} */
function opinionNodes({ network, network_hidden: hidden, votes, consensus, references, comments }, texts) {
  const rows = [
    ...votes.map((vote) => voteRow(vote, texts)),
    ...(consensus
      ? [tableRow("consensus", labelBadge(consensus.label), texts.statuses[consensus.status])] : []),
    ...references.map(({ source, label }) => tableRow(source, labelBadge(label), "published")),
  ];
  return [
    ...(network ? networkNodes(network) : [paragraph("quiet", hidden
      ? "The network’s opinion of this candidate is shown to curators after their own ruling on it."
      : "No predictions for this field yet.")]),
    createElement("h3", {}, "Votes"),
    createElement("table", {}, ...rows),
    ...discussionNodes(comments),
  ];
}

/**
 * Open the dialog for a candidate on which the user has voted.
 * @param {HTMLDialogElement} dialog @param {Item} item @param {Texts} texts
 */
export async function showOpinions(dialog, item, texts) {
  const body = element(dialog, "#opinions-body", HTMLElement);
  element(dialog, "h2", HTMLElement).textContent = `Opinions on ${item.galaxy} ${item.catalogue_id}`;
  const form = element(dialog, "form#comment-form", HTMLFormElement);
  const comment = element(form, "textarea", HTMLTextAreaElement);
  const refresh = async () => {
    const opinions = await send("GET", candidateUrl(item, "opinions/"));
    body.replaceChildren(...opinionNodes(opinions, texts));
    form.hidden = false;
  };
  /** @param {Error} reason */
  const showError = ({ message }) => {
    body.append(createElement("p", { className: "bad", role: "alert" }, message));
  };
  body.replaceChildren(paragraph("quiet", "Loading …"));
  form.hidden = true;
  // A comment that is sent again after a lost answer is the same one; a changed text is another.
  let sent = { text: "", key: "" };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (sent.text !== comment.value) sent = { text: comment.value, key: uuid4() };
    const options = { headers: { "Idempotency-Key": sent.key } };
    send("POST", candidateUrl(item, "comments/"), { text: sent.text }, options).then(() => {
      sent = { text: "", key: "" };
      form.reset();
      return refresh();
    }).catch(showError);
  };
  comment.onkeydown = ({ key, ctrlKey, metaKey }) => {
    if (key === "Enter" && (ctrlKey || metaKey)) form.requestSubmit();
  };
  dialog.showModal();
  await refresh().catch((reason) => {
    body.replaceChildren();
    showError(reason);
  });
}
