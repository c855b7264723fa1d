import {
  checkAtLeast,
  PipewrightError,
  type Store,
  isRecord,
  loadState,
  saveState,
  type StateForm,
  stateOf,
} from '../core/index.js';
import { expectedCalibrationError } from './calibration-error.js';
import { type DifficultySignal, difficultySignals, signalsOf } from './difficulty-signals.js';
import { areaUnderCurve, fitLogistic, type LabelledRow, logitOf, sigmoid } from './logistic.js';

/** A question and how hard it turned out to be: 0 when the small model answers it well, 1 when it does not, or a share between. */
export interface DifficultyExample {
  readonly text: string;
  readonly difficulty: number;
}

export interface DifficultyScore {
  /** The chance, from 0 to 1, that the question is hard. */
  readonly difficulty: number;
  /** What it was seen by, the strongest first; a positive effect speaks for hard. */
  readonly signals: readonly { readonly name: DifficultySignal; readonly value: number; readonly effect: number }[];
}

/** How well the difficulty of examples is told that were not trained on (five parts, each told by the other four). */
export interface TrainingReport {
  readonly examples: number;
  /** The chance that a hard example gets a higher score than an easy one; left out when one kind is missing. */
  readonly areaUnderCurve?: number;
}

/** How well the last scores fitted what happened after them. */
export interface Calibration {
  readonly outcomes: number;
  readonly meanDifficulty: number;
  readonly meanOutcome: number;
  /** Mean difference between score and outcome in five groups by score. Source: Guo et al. (2017), arXiv:1706.04599. */
  readonly expectedError: number;
}

export interface DifficultyData {
  readonly version: number;
  readonly signals: readonly string[];
  /** A weight for each signal and a bias, as trained. */
  readonly trained: readonly number[];
  /** The same after what was learnt. */
  readonly weights: readonly number[];
  readonly outcomes: readonly DifficultyOutcome[];
}

/** What is kept of an example that was learnt from: what was seen of it, not its text. */
export interface DifficultyOutcome extends LabelledRow {
  /** The score before it was learnt. */
  readonly predicted: number;
}

export interface DifficultyOptions {
  /** How many of the last outcomes `learn` keeps. @default 500 */
  readonly windowOutcomes?: number;
  /** How many outcomes come together before the weights change. @default 20 */
  readonly learnEvery?: number;
}

/** Tells how hard a question is for a small model, by its text alone and without a model. */
export interface Difficulty {
  readonly score: (text: string) => DifficultyScore;
  /** Starts anew from the weights that are built in, with these examples. @throws {PipewrightError} `bad-input` without examples. */
  readonly train: (examples: readonly DifficultyExample[]) => TrainingReport;
  /** Takes one outcome; after every few the weights move from the trained ones to fit the last outcomes. */
  readonly learn: (example: DifficultyExample) => void;
  readonly calibration: () => Calibration;
  readonly export: () => DifficultyData;
  /** @throws {PipewrightError} `store-newer` or `store-damaged`. */
  readonly import: (data: unknown) => void;
  readonly save: (store: Store, key?: string) => Promise<void>;
  /** Imports what `save` wrote; resolves to whether there was anything. */
  readonly load: (store: Store, key?: string) => Promise<boolean>;
}

/** Set by hand. */
const builtIn: Readonly<Record<DifficultySignal | 'bias', number>> = {
  length: 1.4,
  sentences: 0.6,
  rareWords: 0,
  longWords: 0.6,
  numbers: 0.6,
  relations: 0.6,
  steps: 1.2,
  conditions: 0.2,
  reasoning: 2.2,
  lookup: -0.8,
  code: 1.5,
  mathematics: 1.8,
  parts: 0.6,
  foreign: 0.5,
  bias: -2.2,
};
const builtInWeights: readonly number[] = [...difficultySignals.map((name) => builtIn[name]), builtIn.bias];

/** How strongly weights are drawn to those before: as much as a few examples weigh. */
const strength = 3;
const parts = 5;
const groups = 5;
const defaultKey = 'difficulty';

const figuresOf = (text: string): readonly number[] => {
  const signals = signalsOf(text);
  return difficultySignals.map((name) => signals[name]);
};

const rowOf = ({ text, difficulty: label }: DifficultyExample): LabelledRow => {
  if (!(label >= 0 && label <= 1)) {
    throw new PipewrightError('bad-input', `The difficulty of an example must be from 0 to 1, got ${label}.`);
  }
  return { figures: figuresOf(text), label };
};

const chanceOf = (weights: readonly number[], figures: readonly number[]): number => sigmoid(logitOf(weights, figures));

/** Tells each part of the rows by the others. A row that is half hard tells nothing about the order. */
const reportOf = (rows: readonly LabelledRow[]): TrainingReport => {
  const scored = Array.from({ length: parts }, (_, part) => {
    const weights = fitLogistic(
      rows.filter((_row, at) => at % parts !== part),
      builtInWeights,
      strength,
    );
    return rows
      .filter(({ label }, at) => at % parts === part && label !== 0.5)
      .map(({ figures, label }) => ({ score: chanceOf(weights, figures), isHard: label > 0.5 }));
  }).flat();
  const area = areaUnderCurve(scored);
  return { examples: rows.length, ...(area === undefined ? {} : { areaUnderCurve: area }) };
};

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const calibrationOf = (outcomes: readonly DifficultyOutcome[]): Calibration => ({
  outcomes: outcomes.length,
  meanDifficulty: meanOf(outcomes.map(({ predicted }) => predicted)),
  meanOutcome: meanOf(outcomes.map(({ label }) => label)),
  expectedError: expectedCalibrationError(outcomes, groups),
});

interface State {
  trained: readonly number[];
  weights: readonly number[];
  outcomes: readonly DifficultyOutcome[];
}

const areFigures = (value: unknown, length: number): value is readonly number[] =>
  Array.isArray(value) && value.length === length && value.every(Number.isFinite);

const isOutcome = (value: unknown): value is DifficultyOutcome =>
  isRecord(value) &&
  areFigures(value.figures, difficultySignals.length) &&
  [value.label, value.predicted].every((share) => typeof share === 'number' && share >= 0 && share <= 1);

const difficultyForm: StateForm<State> = {
  what: 'difficulty',
  version: 1,
  read: ({ signals, trained, weights, outcomes }) => {
    if (JSON.stringify(signals) !== JSON.stringify(difficultySignals)) return undefined;
    const size = difficultySignals.length + 1;
    if (!areFigures(trained, size) || !areFigures(weights, size)) return undefined;
    return Array.isArray(outcomes) && outcomes.every(isOutcome) ? { trained, weights, outcomes } : undefined;
  },
};

const scoreOf = (weights: readonly number[], text: string): DifficultyScore => {
  const figures = figuresOf(text);
  const signals = difficultySignals
    .map((name, at) => ({ name, value: figures[at] ?? 0, effect: (figures[at] ?? 0) * (weights[at] ?? 0) }))
    .filter(({ effect }) => effect !== 0)
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  return { difficulty: chanceOf(weights, figures), signals };
};

/**
 * Makes a classifier of questions: a logistic regression over what can be counted in a text (length, numbers, relations, marks of
 * steps, of reasoning, of code). Its built-in weights are a beginning, set by hand: on 200 grade-school problems, which were in
 * view when they were set, they tell those that most recorded models got wrong from the others with an area under the curve of
 * 0.68, no better than the length alone (0.69); trained on four fifths of them, 0.71 on the rest.
 * Train it on questions of your own, or let it learn from outcomes; it keeps figures, no texts.
 * @throws {PipewrightError} `bad-option`.
 * @example difficulty().score('Prove it.').difficulty > difficulty().score('Who is it?').difficulty // => true
 */
export const difficulty = (options: DifficultyOptions = {}): Difficulty => {
  const { windowOutcomes = 500, learnEvery = 20 } = options;
  checkAtLeast('windowOutcomes', windowOutcomes, 1);
  checkAtLeast('learnEvery', learnEvery, 1);
  let state: State = { trained: builtInWeights, weights: builtInWeights, outcomes: [] };
  let sinceLearnt = 0;
  const learn = (example: DifficultyExample): void => {
    const row = rowOf(example);
    const predicted = chanceOf(state.weights, row.figures);
    state = { ...state, outcomes: [...state.outcomes, { ...row, predicted }].slice(-windowOutcomes) };
    sinceLearnt += 1;
    if (sinceLearnt < learnEvery) return;
    sinceLearnt = 0;
    state = { ...state, weights: fitLogistic(state.outcomes, state.trained, strength) };
  };
  const exported = (): DifficultyData => ({ version: difficultyForm.version, signals: difficultySignals, ...state });
  return {
    score: (text) => scoreOf(state.weights, text),
    train: (examples) => {
      if (examples.length === 0) throw new PipewrightError('bad-input', 'Training needs at least one example.');
      const rows = examples.map(rowOf);
      const trained = fitLogistic(rows, builtInWeights, strength);
      state = { trained, weights: trained, outcomes: [] };
      return reportOf(rows);
    },
    learn,
    calibration: () => calibrationOf(state.outcomes),
    export: exported,
    import: (data) => {
      state = stateOf(difficultyForm, data);
    },
    save: (store, key = defaultKey) => saveState(store, key, exported()),
    load: async (store, key = defaultKey) => {
      const found = await loadState(difficultyForm, store, key);
      state = found ?? state;
      return found !== undefined;
    },
  };
};
