import { defineStepWith, PipewrightError, type Run, sliceTimer, type Step, yieldToEventLoop } from '../core/index.js';
import { expectedCalibrationError, fitLogistic, type LabelledRow, logitOf, sigmoid } from '../model/index.js';
import { type Analyzer, analyzer as englishAnalyzer } from '../text/index.js';
import { checkConfidence, type Classification, decided } from './classify.js';
import { type Bag, bagOf, type CountScores, countWords, scoresOf, type WordCounts } from './word-counts.js';

/** A text and its label. */
export interface LabelledText<L extends string = string> {
  readonly text: string;
  readonly label: L;
  /**
   * What it has in common with others, such as their document or author: examples of one group are never used to measure each
   * other. @default a group of its own
   */
  readonly group?: string;
}

export interface FitClassifierOptions {
  /** Below this chance of being right the label is `unsure`. @default 0.5 */
  readonly minConfidence?: number;
  /** Turns texts into terms. @default analyzer(), English stems */
  readonly analyzer?: Analyzer;
}

/** Measured on the examples, each tenth told by a classifier fitted to the others (by group). */
export interface ClassifierReport {
  readonly examples: number;
  /** Share of them whose best label is right. */
  readonly accuracy: number;
  /** Mean difference between confidence and share of right ones in ten groups by confidence. */
  readonly expectedError: number;
}

/** A fitted classifier as plain data. */
export interface ClassifierData<L extends string = string> {
  readonly version: 1;
  readonly labels: readonly L[];
  /** Each term with pairs of a label's place and the count. */
  readonly terms: readonly (readonly [term: string, counts: readonly (readonly [label: number, count: number])[]])[];
  /** Of the curve from margins to chances. */
  readonly weights: readonly number[];
  readonly report: ClassifierReport;
}

/** Puts labels to texts by the words of labelled examples: no model, no key, some ten microseconds. */
export interface FittedClassifier<L extends string = string> extends Step<string, Classification<L>> {
  readonly labels: readonly L[];
  readonly report: ClassifierReport;
  readonly export: () => ClassifierData<L>;
}

/** What tells whether the best label is right: how far it is ahead of the second, and by how many words. */
const figuresOf = ({ scores, knownTerms }: CountScores): readonly number[] => {
  const margin = (scores[0]?.score ?? 0) - (scores[1]?.score ?? 0);
  return [margin, margin * Math.sqrt(knownTerms)];
};

interface Fitted<L extends string> {
  readonly counts: WordCounts;
  readonly weights: readonly number[];
  readonly report: ClassifierReport;
  readonly labels: readonly L[];
}

const classifierOf = <L extends string>(
  { counts, weights, report, labels }: Fitted<L>,
  { minConfidence = 0.5, analyzer = englishAnalyzer() }: FitClassifierOptions,
): FittedClassifier<L> => {
  checkConfidence('minConfidence', minConfidence);
  const exported = (): ClassifierData<L> => ({
    version: 1,
    labels,
    terms: [...counts.terms].map(([term, byLabel]) => [term, [...byLabel]]),
    weights,
    report,
  });
  const info = { kind: 'classify', name: 'fitted-classifier', details: { labels: labels.length, by: 'counts' } };
  return defineStepWith(info, { labels, report, export: exported }, async (text: string, _run: Run) => {
    const found = scoresOf(counts, bagOf(analyzer, text));
    // Nothing known of the text: no label is better than another.
    const confidence = found.knownTerms === 0 ? 0 : sigmoid(logitOf(weights, figuresOf(found)));
    const best = (found.scores[0]?.label ?? labels[0]) as L;
    return decided([{ label: best, score: confidence }], 'counts', { minConfidence });
  });
};

interface Row<L extends string> {
  readonly bag: Bag;
  readonly label: L;
  readonly fold: number;
}

const folds = 10;

/** The examples as bags of words, each group in one fold. */
const rowsOf = async <L extends string>(
  examples: readonly LabelledText<L>[],
  analyzer: Analyzer,
): Promise<readonly Row<L>[]> => {
  const isTurnDue = sliceTimer();
  const groups = new Map<string, number>();
  const rows: Row<L>[] = [];
  for (const [at, { text, label, group }] of examples.entries()) {
    const key = group === undefined ? `${at}` : `group ${group}`;
    const fold = groups.get(key) ?? groups.size % folds;
    groups.set(key, fold);
    rows.push({ bag: bagOf(analyzer, text), label, fold });
    if (isTurnDue()) await yieldToEventLoop();
  }
  return rows;
};

/** What classifiers fitted to nine tenths make of the tenth that is left, and whether that is right. */
const outcomesOf = async <L extends string>(
  rows: readonly Row<L>[],
  labels: readonly L[],
): Promise<readonly LabelledRow[]> => {
  const isTurnDue = sliceTimer();
  const outcomes: LabelledRow[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const counts = await countWords(
      rows.filter((row) => row.fold !== fold),
      labels,
    );
    for (const { bag, label } of rows.filter((row) => row.fold === fold)) {
      const found = scoresOf(counts, bag);
      const isRight = found.knownTerms > 0 && found.scores[0]?.label === label;
      outcomes.push({ figures: figuresOf(found), label: Number(isRight) });
      if (isTurnDue()) await yieldToEventLoop();
    }
  }
  return outcomes;
};

/** The curve is drawn a little to this one, so that few examples do not make it steep. */
const prior = [1, 1, 0];
const strength = 0.1;

/**
 * Fits a classifier to labelled examples without a model: complement naive Bayes over stems. Its confidence is the chance of being
 * right, by a logistic curve over how far the best label is ahead, fitted to examples that the counts had not seen. Twenty
 * examples a label are a beginning; it knows words, not meanings.
 * @throws {PipewrightError} `bad-input` for fewer than two labels; `bad-option`.
 * @example (await fitClassifier([{ text: 'Refund my money', label: 'billing' }, { text: 'The app crashes', label: 'bug' }])).labels // => ['billing', 'bug']
 */
export const fitClassifier = async <const L extends string>(
  examples: readonly LabelledText<L>[],
  options: FitClassifierOptions = {},
): Promise<FittedClassifier<L>> => {
  const { analyzer = englishAnalyzer() } = options;
  const labels = [...new Set(examples.map(({ label }) => label))];
  if (labels.length < 2) {
    throw new PipewrightError('bad-input', `The examples have ${labels.length} labels. Give examples of at least two.`);
  }
  const rows = await rowsOf(examples, analyzer);
  const outcomes = await outcomesOf(rows, labels);
  const weights = fitLogistic(outcomes, prior, strength);
  const foretold = outcomes.map(({ figures, label }) => ({ predicted: sigmoid(logitOf(weights, figures)), label }));
  const report = {
    examples: examples.length,
    accuracy: outcomes.reduce((sum, { label }) => sum + label, 0) / outcomes.length,
    expectedError: expectedCalibrationError(foretold, 10),
  };
  return classifierOf({ counts: await countWords(rows, labels), weights, report, labels }, options);
};

const isData = <L extends string>({ version, labels, terms, weights, report }: ClassifierData<L>): boolean =>
  version === 1 &&
  Array.isArray(labels) &&
  Array.isArray(weights) &&
  weights.length === 3 &&
  Array.isArray(terms) &&
  typeof report === 'object';

/**
 * Opens what `export` gave, after JSON or another journey. The analyzer must be the one that it was fitted with.
 * @throws {PipewrightError} `store-newer` or `store-damaged`.
 * @example openClassifier((await fitClassifier([{ text: 'a refund', label: 'billing' }, { text: 'a crash', label: 'bug' }])).export()).report.examples // => 2
 */
export const openClassifier = <L extends string>(
  data: ClassifierData<L>,
  options: FitClassifierOptions = {},
): FittedClassifier<L> => {
  if (data.version > 1) {
    const message = `The classifier has version ${data.version}, and this version reads 1. Update pipewright.`;
    throw new PipewrightError('store-newer', message);
  }
  if (!isData(data))
    throw new PipewrightError('store-damaged', 'This is no classifier that was exported. Fit it anew.');
  const { labels, terms, weights, report } = data;
  const totals = labels.map(() => 0);
  for (const [, counts] of terms) for (const [at, count] of counts) totals[at] = (totals[at] ?? 0) + count;
  const counts: WordCounts = { labels, terms: new Map(terms.map(([term, pairs]) => [term, new Map(pairs)])), totals };
  return classifierOf({ counts, weights, report, labels }, options);
};
