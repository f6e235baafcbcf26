// @ts-check
/** A vote on the classify page. */

/** @typedef {1 | 2 | 3 | 4 | "unsure"} Label */
/** @typedef {"sure" | "possible"} Certainty */
/** @typedef {{question: string, answer: string}} Answer to one question of the decision tree */
/** @typedef {{comment: string, flagged: boolean}} Annotation sent with the vote */
/**
 * `answers`: those to the questions of the decision tree, if the vote came from it.
 * @typedef {{certainty: Certainty, reason: string, answers: Answer[]}} VoteDetail
 */
/** @typedef {{uuid: string, label: Label} & VoteDetail & Annotation} Vote */
/** @typedef {Vote & {item: import("../viewer/load.js").Item}} CastVote a vote with its candidate */

const COMMENT_CHARACTERS = 40;

/**
 * Return what a vote says besides its class, in words: reason, "possible", "flagged", comment.
 * @param {Pick<Vote, "certainty" | "reason" | "flagged" | "comment">} vote
 * @param {Record<string, string>} reasons texts of the reasons for class 4
 * @returns {string[]}
 */
export function voteDetails({ certainty, reason, flagged, comment }, reasons) {
  const characters = [...comment];
  const isLong = characters.length > COMMENT_CHARACTERS;
  const text = isLong ? `${characters.slice(0, COMMENT_CHARACTERS - 1).join("")}…` : comment;
  return [
    (reasons[reason] ?? reason).toLowerCase(),
    certainty === "possible" ? "possible" : "",
    flagged ? "flagged" : "",
    text && `“${text}”`,
  ].filter((detail) => detail !== "");
}

/**
 * Return the outbox's request for a vote.
 * @param {Vote} vote @param {number} candidate
 * @param {{replaced: Vote | null, seconds: number, display: Record<string, unknown>}} context
 *   replaced: the server must know it, as a vote that only repeats another does not count
 */
export function voteRequest({ uuid, ...content }, candidate, { replaced, seconds, display }) {
  const replaces = replaced ? { replaces: replaced.uuid } : {};
  const body = { candidate, ...content, ...replaces, seconds, display };
  return { uuid, candidate, method: /** @type {const} */ ("PUT"), body };
}
