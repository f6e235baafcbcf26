// @ts-check
/** Least squares by Levenberg and Marquardt, with the model's own derivatives. */

/**
 * A model's value at x; writes its derivatives by each parameter into `slope`.
 * @typedef {(parameters: number[], x: number, slope: Float64Array) => number} Model
 */

const STEPS = 100;
const TOLERANCE = 1e-8;

/**
 * Solves a symmetric positive definite system in place (Cholesky); null where it is not.
 * @param {number[][]} matrix @param {number[]} right @returns {number[] | null}
 */
function solve(matrix, right) {
  const n = right.length;
  const l = matrix.map((row) => [...row]);
  const x = [...right];
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i][j];
      for (let k = 0; k < j; k += 1) sum -= l[i][k] * l[j][k];
      if (i === j && !(sum > 0)) return null;
      l[i][j] = i === j ? Math.sqrt(sum) : sum / l[j][j];
    }
    for (let k = 0; k < i; k += 1) x[i] -= l[i][k] * x[k];
    x[i] /= l[i][i];
  }
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < n; k += 1) x[i] -= l[k][i] * x[k];
    x[i] /= l[i][i];
  }
  return x;
}

/**
 * Sum of squared residuals, and the normal equations there.
 * @param {Model} model @param {number[]} at @param {number[]} xs @param {number[]} ys
 */
function equations(model, at, xs, ys) {
  const n = at.length;
  const slope = new Float64Array(n);
  const matrix = at.map(() => Array(n).fill(0));
  const right = Array(n).fill(0);
  let cost = 0;
  for (let k = 0; k < xs.length; k += 1) {
    const residual = ys[k] - model(at, xs[k], slope);
    cost += residual * residual;
    for (let i = 0; i < n; i += 1) {
      right[i] += slope[i] * residual;
      for (let j = 0; j < n; j += 1) matrix[i][j] += slope[i] * slope[j];
    }
  }
  return { cost, matrix, right };
}

/**
 * The parameters that fit best, or null where the fit does not converge.
 * @param {Model} model @param {number[]} start none is 0: steps are measured against them
 * @param {number[]} xs @param {number[]} ys as long
 * @returns {number[] | null}
 */
export function fit(model, start, xs, ys) {
  let at = start;
  let here = equations(model, at, xs, ys);
  let damping = 1e-3;
  let growth = 2;
  for (let step = 0; step < STEPS; step += 1) {
    const { cost, matrix, right } = here;
    // A parameter that changes nothing stays where it is.
    const damped = matrix.map((row, i) => (
      row.map((value, j) => (i === j ? value * (1 + damping) || 1 : value))
    ));
    const move = solve(damped, right);
    if (move === null) return null;
    const there = at.map((value, i) => value + move[i]);
    const next = equations(model, there, xs, ys);
    const small = move.every((change, i) => (
      Math.abs(change) <= TOLERANCE * (Math.abs(at[i]) + TOLERANCE)
    ));
    const gain = cost - next.cost;
    if (gain >= 0) {
      at = there;
      if (small || gain <= TOLERANCE ** 2 * cost) return at;
      // Nielsen 1999: the less of the promised gain came true, the shorter the next step.
      const promised = move.reduce(
        (sum, change, i) => sum + change * (right[i] + damping * matrix[i][i] * change), 0,
      );
      damping *= Math.max(1 / 3, 1 - (2 * (gain / promised) - 1) ** 3);
      growth = 2;
      here = next;
    } else {
      if (small) return at;
      damping *= growth;
      growth *= 2;
    }
  }
  return null;
}
