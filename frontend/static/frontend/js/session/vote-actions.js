// @ts-check
/** The actions of the answers: each class, each class as "possible", and unsure. */

/**
 * @param {import("./session.js").Session} session @param {() => void} refresh shows the session
 * @returns {import("../lib/actions.js").Actions}
 */
export function voteActions(session, refresh) {
  return {
    ...Object.fromEntries(/** @type {const} */ ([1, 2, 3, 4]).flatMap((label) => [
      [`vote-${label}`, () => session.castVote(label)],
      [`possible-${label}`, () => session.castVote(label, { certainty: "possible" })],
    ])),
    "unsure": () => session.castVote("unsure", { certainty: "sure" }),
    // For those without Shift: the next class counts as possible.
    "possible": () => {
      session.certainty = session.certainty === "sure" ? "possible" : "sure";
      refresh();
    },
  };
}
