/** A row of figures and how true its label is, from 0 to 1. */
export interface LabelledRow {
  readonly figures: readonly number[];
  readonly label: number;
}

/** The chance that log-odds stand for. @example sigmoid(0) // => 0.5 */
export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** The weighted sum; the last weight is the bias. @example logitOf([2, 1], [3]) // => 7 */
export const logitOf = (weights: readonly number[], figures: readonly number[]): number =>
  figures.reduce((sum, figure, at) => sum + figure * (weights[at] ?? 0), weights[figures.length] ?? 0);

/** Solves `matrix · x = right` by Gaussian elimination with pivoting. Both are written over. */
const solve = (matrix: number[][], right: number[]): number[] => {
  const size = right.length;
  const at = (row: number, column: number): number => matrix[row]?.[column] ?? 0;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++)
      if (Math.abs(at(row, column)) > Math.abs(at(pivot, column))) pivot = row;
    [matrix[column], matrix[pivot]] = [matrix[pivot] ?? [], matrix[column] ?? []];
    [right[column], right[pivot]] = [right[pivot] ?? 0, right[column] ?? 0];
    for (let row = column + 1; row < size; row++) {
      const factor = at(row, column) / at(column, column);
      const target = matrix[row] ?? [];
      for (let other = column; other < size; other++) target[other] = at(row, other) - factor * at(column, other);
      right[row] = (right[row] ?? 0) - factor * (right[column] ?? 0);
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row--) {
    let sum = right[row] ?? 0;
    for (let column = row + 1; column < size; column++) sum -= at(row, column) * (solution[column] ?? 0);
    solution[row] = sum / at(row, row);
  }
  return solution;
};

const maxSteps = 50;
const smallChange = 1e-6;
const smallestShare = 1e-3;

interface Ridge {
  readonly prior: readonly number[];
  /** How strongly each weight is drawn to its prior. */
  readonly strengths: readonly number[];
}

/** What a fit makes as small as it can: the surprise of the labels, and the distance from the prior. */
const lossOf = (rows: readonly LabelledRow[], { prior, strengths }: Ridge, weights: readonly number[]): number => {
  const distance = weights.reduce((sum, w, at) => sum + ((strengths[at] ?? 0) * (w - (prior[at] ?? 0)) ** 2) / 2, 0);
  return rows.reduce((sum, { figures, label }) => {
    const logit = logitOf(weights, figures);
    return sum + Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - label * logit;
  }, distance);
};

/** The step of Newton's method: the gradient divided by the curvature. */
const newtonStep = (
  rows: readonly LabelledRow[],
  { prior, strengths }: Ridge,
  weights: readonly number[],
): number[] => {
  const gradient = weights.map((weight, at) => (strengths[at] ?? 0) * (weight - (prior[at] ?? 0)));
  const curvature = weights.map((_, at) => weights.map((__, other) => (at === other ? (strengths[at] ?? 0) : 0)));
  for (const { figures, label } of rows) {
    const p = sigmoid(logitOf(weights, figures));
    const spread = p * (1 - p);
    for (let at = 0; at < weights.length; at++) {
      const x = figures[at] ?? 1;
      gradient[at] = (gradient[at] ?? 0) + (p - label) * x;
      const row = curvature[at] ?? [];
      for (let other = 0; other < row.length; other++)
        row[other] = (row[other] ?? 0) + spread * x * (figures[other] ?? 1);
    }
  }
  return solve(curvature, gradient);
};

/**
 * Fits a logistic regression by Newton's method, with weights drawn towards `prior` by `strength` (ridge; the bias is drawn a
 * tenth as much): the most likely weights where each is normally distributed around its prior. A step that would make the fit
 * worse is halved.
 * Source: Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 2nd edition, section 4.4.1.
 * @example fitLogistic([{ figures: [0], label: 0 }, { figures: [1], label: 1 }], [0, 0], 0.01).length // => 2
 */
export const fitLogistic = (
  rows: readonly LabelledRow[],
  prior: readonly number[],
  strength: number,
): readonly number[] => {
  const ridge: Ridge = { prior, strengths: prior.map((_, at) => (at === prior.length - 1 ? strength / 10 : strength)) };
  let weights: readonly number[] = prior;
  let loss = lossOf(rows, ridge, weights);
  for (let step = 0; step < maxSteps; step++) {
    const change = newtonStep(rows, ridge, weights);
    let share = 1;
    let next = weights;
    let nextLoss = loss;
    do {
      next = weights.map((weight, at) => weight - share * (change[at] ?? 0));
      nextLoss = lossOf(rows, ridge, next);
      share /= 2;
    } while (nextLoss > loss && share > smallestShare);
    if (nextLoss > loss) break;
    weights = next;
    loss = nextLoss;
    if (Math.max(...change.map(Math.abs)) < smallChange) break;
  }
  return weights;
};

/**
 * The chance that a hard example gets a higher score than an easy one; ties count half. Source: Hanley and McNeil, "The meaning
 * and use of the area under a receiver operating characteristic curve" (1982). Undefined when one kind is missing.
 */
export const areaUnderCurve = (
  scored: readonly { readonly score: number; readonly isHard: boolean }[],
): number | undefined => {
  const sorted = [...scored].sort((a, b) => a.score - b.score);
  const hard = sorted.filter(({ isHard }) => isHard).length;
  const easy = sorted.length - hard;
  if (hard === 0 || easy === 0) return undefined;
  let rankSum = 0;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]?.score === sorted[from]?.score) to++;
    // Equal scores share the mean of their ranks.
    const rank = (from + 1 + to) / 2;
    for (let at = from; at < to; at++) if (sorted[at]?.isHard === true) rankSum += rank;
    from = to;
  }
  return (rankSum - (hard * (hard + 1)) / 2) / (hard * easy);
};
