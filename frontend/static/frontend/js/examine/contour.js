// @ts-check
/** Contour lines by marching squares; a cell with a corner without data has none. */

/** @typedef {[number, number]} Vertex x, y in pixels of the box, pixel centres are integers */

/**
 * Return the segments of one level within the cells, from edge to edge. An edge is named by its
 * lower left corner and direction, so that it has the same name in neighbouring cells.
 * @param {Float32Array} box rows of `size` pixels, the lowest first
 * @param {number} size @param {number} level
 * @returns {Array<[string, string]>}
 */
function segments(box, size, level) {
  /** @type {Array<[string, string]>} */ const pairs = [];
  for (let y = 0; y < box.length / size - 1; y += 1) {
    for (let x = 0; x < size - 1; x += 1) {
      const index = y * size + x;
      const [a, b, c, d] = [box[index], box[index + 1], box[index + size + 1], box[index + size]];
      if (Number.isNaN(a + b + c + d)) continue;
      const above = [a, b, c, d].map((value) => value > level);
      const edges = [`${x},${y},h`, `${x + 1},${y},v`, `${x},${y + 1},h`, `${x},${y},v`];
      const crossed = edges.filter((_, i) => above[i] !== above[(i + 1) % 4]);
      if (crossed.length === 2) pairs.push([crossed[0], crossed[1]]);
      if (crossed.length < 4) continue;
      // At a saddle the mean decides which two corners belong together.
      const joined = above[0] === ((a + b + c + d) / 4 > level);
      const [first, second] = joined ? [[0, 1], [2, 3]] : [[3, 0], [1, 2]];
      pairs.push([edges[first[0]], edges[first[1]]], [edges[second[0]], edges[second[1]]]);
    }
  }
  return pairs;
}

/**
 * Return the point at which the level crosses an edge.
 * @param {Float32Array} box @param {number} size @param {number} level @param {string} edge
 * @returns {Vertex}
 */
function crossing(box, size, level, edge) {
  const [column, row, direction] = edge.split(",");
  const [x, y] = [Number(column), Number(row)];
  const start = box[y * size + x];
  const end = direction === "h" ? box[y * size + x + 1] : box[(y + 1) * size + x];
  const fraction = (level - start) / (end - start);
  return direction === "h" ? [x + fraction, y] : [x, y + fraction];
}

/**
 * Return the lines of one level; a closed line ends where it begins.
 * @param {Float32Array} box rows of `size` pixels, the lowest first
 * @param {number} size @param {number} level
 * @returns {Vertex[][]}
 */
export function contourLines(box, size, level) {
  /** @type {Map<string, string[]>} */ const neighbours = new Map();
  for (const [a, b] of segments(box, size, level)) {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    neighbours.set(b, [...(neighbours.get(b) ?? []), a]);
  }
  /** @param {string} start @returns {Vertex[]} */
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
  // Open lines come first: they begin at an edge with only one segment.
  const ends = [...neighbours].filter(([, others]) => others.length === 1).map(([edge]) => edge);
  return [...ends, ...neighbours.keys()].map(follow).filter((line) => line.length > 1);
}

/**
 * Return levels that divide the range evenly, without its ends.
 * @param {number} min @param {number} max @param {number} count
 * @returns {number[]} none for a constant box
 */
export function contourLevels(min, max, count) {
  if (!(max > min)) return [];
  return Array.from({ length: count }, (_, i) => min + ((i + 1) * (max - min)) / (count + 1));
}
