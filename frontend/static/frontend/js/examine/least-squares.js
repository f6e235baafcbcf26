// @ts-check
/** Least squares by the Levenberg-Marquardt method, with the model's analytic derivatives. */

/**
 * A model's value at x; it writes its derivatives by each parameter into `derivatives`.
 * @typedef {(parameters: number[], x: number, derivatives: Float64Array) => number} Model
 */

const MAX_STEPS = 100;
const TOLERANCE = 1e-8;

/**
 * Solve a symmetric positive definite system (Cholesky); return null if it is not definite.
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
 * Return the sum of squared residuals and the normal equations for parameters.
 * @param {Model} model @param {number[]} parameters @param {number[]} xs @param {number[]} ys
 */
function normalEquations(model, parameters, xs, ys) {
  const n = parameters.length;
  const derivatives = new Float64Array(n);
  const matrix = parameters.map(() => Array(n).fill(0));
  const right = Array(n).fill(0);
  let cost = 0;
  for (let k = 0; k < xs.length; k += 1) {
    const residual = ys[k] - model(parameters, xs[k], derivatives);
    cost += residual * residual;
    for (let i = 0; i < n; i += 1) {
      right[i] += derivatives[i] * residual;
      for (let j = 0; j < n; j += 1) matrix[i][j] += derivatives[i] * derivatives[j];
    }
  }
  return { cost, matrix, right };
}

/**
 * Return the matrix with its diagonal increased by the damping.
 * @param {number[][]} matrix @param {number} damping
 */
function dampedMatrix(matrix, damping) {
  // A parameter without influence has a zero on the diagonal and stays where it is.
  return matrix.map((row, i) => (
    row.map((value, j) => (i === j ? value * (1 + damping) || 1 : value))
  ));
}

/**
 * Return the parameters that fit best, or null if the fit does not converge.
 * @param {Model} model @param {number[]} start none is 0: steps are measured relative to them
 * @param {number[]} xs @param {number[]} ys as long
 * @returns {number[] | null}
 */
export function fitLeastSquares(model, start, xs, ys) {
  let parameters = start;
  let equations = normalEquations(model, parameters, xs, ys);
  let damping = 1e-3;
  let factor = 2;
  for (let i = 0; i < MAX_STEPS; i += 1) {
    const { cost, matrix, right } = equations;
    const step = solve(dampedMatrix(matrix, damping), right);
    if (step === null) return null;
    const moved = parameters.map((value, k) => value + step[k]);
    const movedEquations = normalEquations(model, moved, xs, ys);
    const small = step.every((change, k) => (
      Math.abs(change) <= TOLERANCE * (Math.abs(parameters[k]) + TOLERANCE)
    ));
    const gain = cost - movedEquations.cost;
    if (gain >= 0) {
      parameters = moved;
      if (small || gain <= TOLERANCE ** 2 * cost) return parameters;
      // Nielsen 1999: the damping follows the ratio of the actual to the predicted gain.
      const predicted = step.reduce(
        (sum, change, k) => sum + change * (right[k] + damping * matrix[k][k] * change), 0,
      );
      damping *= Math.max(1 / 3, 1 - (2 * (gain / predicted) - 1) ** 3);
      factor = 2;
      equations = movedEquations;
    } else {
      if (small) return parameters;
      damping *= factor;
      factor *= 2;
    }
  }
  return null;
}
