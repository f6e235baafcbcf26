// @ts-check
/** Lines of equal value by marching squares; a cell with a corner without data has none. */

/** @typedef {[number, number]} Point x, y in pixels of the box, centres are integers */

/**
 * The pieces of one level within the cells, from edge to edge. An edge is named by its lower left
 * corner and direction, so that neighbours name it alike.
 * @param {Float32Array} box size × size, row 0 lowest @param {number} size @param {number} level
 * @returns {Array<[string, string]>}
 */
function pieces(box, size, level) {
  /** @type {Array<[string, string]>} */ const found = [];
  for (let y = 0; y < size - 1; y += 1) {
    for (let x = 0; x < size - 1; x += 1) {
      const at = y * size + x;
      const [a, b, c, d] = [box[at], box[at + 1], box[at + size + 1], box[at + size]];
      if (Number.isNaN(a + b + c + d)) continue;
      const up = [a, b, c, d].map((value) => value > level);
      const edges = [`${x},${y},h`, `${x + 1},${y},v`, `${x},${y + 1},h`, `${x},${y},v`];
      const crossed = edges.filter((_, i) => up[i] !== up[(i + 1) % 4]);
      if (crossed.length === 2) found.push([crossed[0], crossed[1]]);
      if (crossed.length < 4) continue;
      // A saddle: the middle decides which two corners belong together.
      const joined = up[0] === ((a + b + c + d) / 4 > level);
      const [first, second] = joined ? [[0, 1], [2, 3]] : [[3, 0], [1, 2]];
      found.push([edges[first[0]], edges[first[1]]], [edges[second[0]], edges[second[1]]]);
    }
  }
  return found;
}

/**
 * Where the level crosses an edge, between its two pixels.
 * @param {Float32Array} box @param {number} size @param {number} level @param {string} edge
 * @returns {Point}
 */
function crossing(box, size, level, edge) {
  const [column, row, direction] = edge.split(",");
  const [x, y] = [Number(column), Number(row)];
  const from = box[y * size + x];
  const to = direction === "h" ? box[y * size + x + 1] : box[(y + 1) * size + x];
  const share = (level - from) / (to - from);
  return direction === "h" ? [x + share, y] : [x, y + share];
}

/**
 * The lines of one level; a closed one ends where it begins.
 * @param {Float32Array} box size × size, row 0 lowest @param {number} size @param {number} level
 * @returns {Point[][]}
 */
export function contour(box, size, level) {
  /** @type {Map<string, string[]>} */ const neighbours = new Map();
  for (const [one, other] of pieces(box, size, level)) {
    neighbours.set(one, [...(neighbours.get(one) ?? []), other]);
    neighbours.set(other, [...(neighbours.get(other) ?? []), one]);
  }
  /** @param {string} start @returns {Point[]} */
  const follow = (start) => {
    const line = [start];
    let edge = start;
    for (;;) {
      const next = neighbours.get(edge)?.pop();
      if (next === undefined) break;
      const back = /** @type {string[]} */ (neighbours.get(next));
      back.splice(back.indexOf(edge), 1);
      line.push(next);
      edge = next;
    }
    return line.map((name) => crossing(box, size, level, name));
  };
  // Open lines first: they begin at an edge that only one piece touches.
  const ends = [...neighbours].filter(([, others]) => others.length === 1).map(([edge]) => edge);
  return [...ends, ...neighbours.keys()].map(follow).filter((line) => line.length > 1);
}

/**
 * Levels evenly between the lowest and the highest value, which themselves are left out.
 * @param {number} min @param {number} max @param {number} count
 * @returns {number[]} none for a constant box
 */
export function levelsBetween(min, max, count) {
  if (!(max > min)) return [];
  return Array.from({ length: count }, (_, i) => min + ((i + 1) * (max - min)) / (count + 1));
}
