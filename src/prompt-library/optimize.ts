import {
  type AnyStep,
  type Budget,
  type Case,
  checkAtLeast,
  createRun,
  isPipewrightError,
  type Meter,
  PipewrightError,
  type Run,
  type Scorer,
  seededRandom,
  type Spent,
  type Store,
  stepName,
  toJson,
} from '../core/index.js';
import type { TextModel } from '../output/index.js';
import { candidate } from './candidate.js';
import type { Difference } from './comparison.js';
import { hashOf, type PromptContent, type PromptVariables, renderStep } from './content.js';
import { type EvaluatorParts, evaluator, type KeyedCase } from './evaluate.js';
import { fingerprint, openJournal } from './journal.js';
import { pairedDifference } from './paired.js';
import { proposeStep } from './propose.js';
import { type Found, meanScore, search, shuffled, type Tried } from './search.js';

/** How hard to look. */
export interface PromptSearch {
  /** @default 3 */
  readonly rounds?: number;
  /** Rewritten prompts that a model is asked for in each round; 0 for none. @default 4 */
  readonly variants?: number;
  /** Examples from training that a prompt may show; 0 for none. @default 4 */
  readonly examples?: number;
  /** The share of the cases that nothing is learnt from. @default 0.5 */
  readonly heldOutRatio?: number;
  /** How often chance alone may make a prompt look better. @default 0.05 */
  readonly alpha?: number;
  /** Calls under way at once. @default 4 */
  readonly concurrency?: number;
}

export interface OptimizeOptions<Expected = unknown> {
  /** The model that the prompt is for. */
  readonly model: TextModel;
  /** Inputs (the values of the variables) and what is known of the right output. */
  readonly cases: readonly Case<PromptVariables, Expected>[];
  readonly scorer: Scorer<PromptVariables, string, Expected>;
  /** The model that rewrites prompts. @default `model` */
  readonly proposer?: TextModel;
  readonly search?: PromptSearch;
  /** Limits on all of it. Room for the held-out cases is kept back; the search ends when the rest is used up. */
  readonly budget?: Budget;
  /** Keeps every result, so that the same call goes on where an earlier one was broken off. @default in memory */
  readonly store?: Store;
}

/** The scores of both prompts on the cases that nothing was learnt from. */
export interface HeldOutResult {
  readonly cases: number;
  readonly originalScore: number;
  readonly candidateScore: number;
  /** Mean gain, its interval, and how often chance alone makes such a gain. */
  readonly difference: Difference;
}

/** A prompt that was tried. */
export interface TriedPrompt {
  readonly id: string;
  readonly origin: 'original' | 'rewrite' | 'examples';
  readonly parent?: string;
  readonly content: PromptContent;
  readonly critique?: string;
  /** Mean score of the training cases that it was tried on; those that were dropped early were tried on fewer. */
  readonly trainingScore?: number;
  readonly trainingCases: number;
  /** Why it was not tried at all. */
  readonly problem?: string;
}

export interface OptimizationReport {
  /** The better prompt, or the original where none is known to be better. */
  readonly prompt: PromptContent;
  readonly original: PromptContent;
  readonly isAccepted: boolean;
  readonly reason: string;
  /** Id of the best in training; `original` when nothing beat it. */
  readonly bestId: string;
  readonly tried: readonly TriedPrompt[];
  /** Left out when nothing beat the original in training, or there was no room for it. */
  readonly heldOut?: HeldOutResult;
  /** Cases by use; `duplicates` were left out, so that none is on both sides. */
  readonly split: { readonly training: number; readonly heldOut: number; readonly duplicates: number };
  readonly spent: Spent;
  /** Whether the budget ended the search before its rounds were over. */
  readonly isCutShort: boolean;
}

const minTraining = 4;
/** Fewer cannot tell a better prompt from luck. */
const minHeldOut = 5;

const resolve = (given: PromptSearch = {}): Required<PromptSearch> => {
  const { rounds = 3, variants = 4, examples = 4, heldOutRatio = 0.5, alpha = 0.05, concurrency = 4 } = given;
  for (const [name, value] of Object.entries({ rounds, variants, examples })) checkAtLeast(`search.${name}`, value, 0);
  checkAtLeast('search.concurrency', concurrency, 1);
  for (const [name, value] of Object.entries({ heldOutRatio, alpha })) {
    if (value > 0 && value < 1) continue;
    throw new PipewrightError('bad-option', `\`search.${name}\` must be above 0 and below 1, got ${value}.`);
  }
  return { rounds, variants, examples, heldOutRatio, alpha, concurrency };
};

/** Inputs that differ in letters' case, punctuation and spaces alone are one: the same question must not be on both sides. */
const inputKey = (input: PromptVariables): string =>
  JSON.stringify(toJson(input))
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}":,]+/gu, ' ')
    .replaceAll(/ ?([":,]) ?/g, '$1')
    .trim();

interface Split {
  readonly training: readonly KeyedCase[];
  readonly heldOut: readonly KeyedCase[];
  readonly duplicates: number;
}

const splitOf = (cases: readonly Case<PromptVariables>[], ratio: number, random: () => number): Split => {
  const distinct = new Map<string, KeyedCase>();
  for (const each of cases) {
    const key = inputKey(each.input);
    if (!distinct.has(key)) distinct.set(key, { ...each, key: fingerprint([each.input, each.expected]) });
  }
  const all = shuffled([...distinct.values()], random);
  const heldOut = Math.round(all.length * ratio);
  if (heldOut < minHeldOut || all.length - heldOut < minTraining) {
    throw new PipewrightError(
      'bad-option',
      `Of ${all.length} different \`cases\` ${heldOut} would be held out; at least ${minHeldOut} must be, and ${minTraining} left to learn from. Give more cases.`,
    );
  }
  return { heldOut: all.slice(0, heldOut), training: all.slice(heldOut), duplicates: cases.length - all.length };
};

const isBudgetError = (error: unknown): boolean => isPipewrightError(error) && error.code === 'budget-exceeded';

/**
 * Keeps room for the held-out cases: throws when further trials might leave too little for them, by what calls took and held so
 * far.
 */
const roomKeeper = (meter: Meter, { maxCalls = Infinity }: Budget, keptTrials: number, concurrency: number) => {
  let admitted = 0;
  return (trials: number): void => {
    if (trials === 0) return;
    const { spent, remaining } = meter;
    const { calls, usage, costUsd } = spent;
    const needed = (keptTrials + trials) * Math.max(1, calls / Math.max(1, admitted));
    // What is not known yet is taken for nothing; the budget itself stops a call that has no room.
    const each = (sum: number): number => (calls === 0 ? 0 : sum / calls);
    const isShort =
      maxCalls - calls < needed ||
      remaining.tokens < (needed + concurrency * holdFactor) * each(usage.inputTokens + usage.outputTokens) ||
      remaining.costUsd < (needed + concurrency * holdFactor) * each(costUsd);
    if (isShort) throw new PipewrightError('budget-exceeded', 'What is left is kept for the held-out cases.');
    admitted += trials;
  };
};

/** While it is under way a call holds what it may take at most, which is about so many times what it takes. */
const holdFactor = 20;

const triedPrompt = ({ candidate: made, score, cases, problem }: Tried): TriedPrompt => {
  const { id, origin, parent, content, critique } = made;
  return {
    id,
    origin,
    ...(parent === undefined ? {} : { parent }),
    content,
    ...(critique === undefined ? {} : { critique }),
    ...(score === undefined ? {} : { trainingScore: score }),
    trainingCases: cases,
    ...(problem === undefined ? {} : { problem }),
  };
};

type Judged = Pick<OptimizationReport, 'isAccepted' | 'reason' | 'heldOut'>;

/** Compares the best with the original where nothing was learnt: once, so that luck has one chance. */
const judge = async (
  original: Found['best'],
  best: Found['best'],
  { heldOut }: Split,
  { parts, alpha, random }: { readonly parts: EvaluatorParts; readonly alpha: number; readonly random: () => number },
  run: Run,
): Promise<Judged> => {
  if (best === original) return { isAccepted: false, reason: 'No other prompt did better on the training cases.' };
  const { trials } = evaluator(parts);
  const before = await trials(original, heldOut, run);
  const after = await trials(best, heldOut, run);
  const gains = heldOut.map(({ key }) => (after.get(key)?.score ?? 0) - (before.get(key)?.score ?? 0));
  const difference = pairedDifference(gains, alpha, random);
  const isAccepted = difference.p <= alpha && difference.low > 0;
  return {
    isAccepted,
    reason: isAccepted
      ? 'It is better on the held-out cases, by more than chance explains.'
      : 'On the held-out cases it is not better by more than chance explains: the original stays.',
    heldOut: { cases: heldOut.length, originalScore: meanScore(before), candidateScore: meanScore(after), difference },
  };
};

/**
 * Looks for a better prompt. A model rewrites it from what failed and from the scores of earlier tries, and examples are taken from
 * what it solved; candidates are tried on one part of the cases, and the weak ones are dropped early. The best is then compared
 * with the original on the other part, once: only a prompt that is better there by more than chance explains is accepted, otherwise
 * the original stays. At most about T + rounds × (1 + 0.75 × (variants + 2) × T) + 2 × H calls for T training and H held-out cases;
 * `budget` limits them. Chance comes from the run, so the same seed and the same answers give the same report.
 * @throws {PipewrightError} `bad-option` for too few different cases; `bad-input` for a prompt without text to rewrite, for cases
 * that do not fit its variables, or a scorer that gives no number; what a model throws, such as `rate-limited`: decorate it.
 * @example
 * const cases = Array.from({ length: 12 }, (_, n) => ({ input: { n }, expected: String(n) }));
 * (await optimizePrompt('Repeat {n}', { model: scripted(['no'], { shouldRepeat: true }), cases, scorer: exactMatch(), search: { variants: 0 } })).isAccepted // => false
 */
export const optimizePrompt = async <Expected = unknown>(
  prompt: PromptContent,
  options: OptimizeOptions<Expected>,
  run: Run = createRun(),
): Promise<OptimizationReport> => {
  const { model, cases, proposer = model, budget = {}, store } = options;
  const settings = resolve(options.search);
  const { concurrency, alpha } = settings;
  renderStep(prompt);
  const name = `optimize/${fingerprint([hashOf(prompt), cases, settings, stepName(model as AnyStep)])}`;
  const journal = openJournal(store, name);
  const seed = await journal.remember('seed', async () => Math.floor(run.random() * 2 ** 32));
  const random = seededRandom(seed);
  const split = splitOf(cases, settings.heldOutRatio, random);
  const inner = run.child('optimize-prompt', { budget });
  const admit = roomKeeper(inner.meter, budget, 2 * split.heldOut.length, concurrency);
  const parts = { model, scorer: options.scorer as Scorer<PromptVariables, string>, journal, concurrency };
  const original = candidate({ id: 'original', origin: 'original', base: prompt, demonstrations: [] });
  const found: Found = { best: original, tried: new Map() };
  let isCutShort = false;
  const untilBudget = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      run.throwIfAborted();
      if (!isBudgetError(error)) throw error;
      isCutShort = true;
      return undefined;
    }
  };
  const searching = {
    ...settings,
    training: split.training,
    evaluator: evaluator({ ...parts, admit }),
    journal,
    random,
    admit,
  };
  await untilBudget(search(found, { ...searching, propose: proposeStep(proposer) }, inner));
  const judging = { parts: { ...parts, admit: () => undefined }, alpha, random };
  const judged = await untilBudget(judge(original, found.best, split, judging, inner));
  const { isAccepted, reason, heldOut } = judged ?? {
    isAccepted: false,
    reason: 'The budget left no room for the held-out cases: the original stays.',
  };
  return {
    prompt: isAccepted ? found.best.content : prompt,
    original: prompt,
    isAccepted,
    reason,
    bestId: found.best.id,
    tried: [...found.tried.values()].map(triedPrompt),
    ...(heldOut === undefined ? {} : { heldOut }),
    split: { training: split.training.length, heldOut: split.heldOut.length, duplicates: split.duplicates },
    spent: inner.meter.spent,
    isCutShort,
  };
};
