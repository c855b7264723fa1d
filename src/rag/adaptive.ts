import {
  type AnyStep,
  callStep,
  checkAtLeast,
  createRun,
  defineStepWith,
  isPipewrightError,
  PipewrightError,
  type Run,
  randomId,
  type Step,
  type StepLike,
  type Store,
  withoutText,
} from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { addToArm, type Arm, countedKind, readArms, rememberAnswer, rescoreAnswer } from './adaptive-state.js';
import { intervalOf, meanOf, type Policy, type Tally, weigh } from './bandit.js';
import { citationCritic, type CritiqueInput } from './critic.js';
import { orElse } from './draft.js';
import { asQuestion } from './question.js';
import { queryKind } from './query-kind.js';
import type { Answer, AnswerAction, Question, QuestionWithOptions } from './types.js';

export interface AdaptiveOptions {
  /** Tells the kind of a question, which the strategies are learnt for one by one. @default queryKind, which needs no model */
  readonly classify?: StepLike<QuestionWithOptions, string>;
  /** How good an answer is, 0 to 1; undefined leaves it to feedback. @default the score of citationCritic(), which needs no model */
  readonly score?: StepLike<CritiqueInput, number | undefined>;
  /**
   * How the best strategy is weighed against those that are little known: `thompson` draws, `ucb1` takes the one that may be best.
   * @default 'thompson'
   */
  readonly policy?: Policy;
  /** Where what was learnt is kept; processes may share it. @default memory, gone with the process */
  readonly store?: Store;
  /** Under which key. @default 'adaptive' */
  readonly key?: string;
  /** How long feedback may come for an answer. @default 7 days */
  readonly feedbackMs?: number;
  /** So many scores are remembered of a strategy and a kind; beyond it older ones fade. @default 500 */
  readonly maxWeight?: number;
}

/** What is known of a strategy. */
export interface StrategyInsight {
  readonly strategy: string;
  /** Undefined in the row over all kinds. */
  readonly kind?: string;
  /** Answers with a score; not whole where older ones have faded. */
  readonly answers: number;
  /** Undefined while no answer has a score. */
  readonly meanScore?: number;
  /** Where the true mean lies in 95 of 100 cases. */
  readonly interval: readonly [low: number, high: number];
  readonly calls: number;
  readonly failures: number;
  /** Of one call. Calls without a known price count as free. */
  readonly meanCostUsd: number;
  /** Of one call. */
  readonly meanMs: number;
}

export interface AdaptiveAnswerer extends Step<Question, Answer> {
  /**
   * Tells how good an answer was, 0 to 1, in place of its own score; later feedback replaces earlier.
   * @throws {PipewrightError} `not-found` when the answer is not of this store, or older than `feedbackMs`; `bad-input`.
   */
  readonly feedback: (answer: Answer | string, score: number, run?: Run) => Promise<void>;
  /** For each strategy a row over all kinds of questions, then a row for each kind. */
  readonly insight: () => Promise<readonly StrategyInsight[]>;
}

interface Settings extends Required<AdaptiveOptions> {
  readonly strategies: ReadonlyMap<string, StepLike<Question, Answer>>;
}

const dayMs = 86_400_000;

const scoreByCitations = (): StepLike<CritiqueInput, number> => {
  const critic = citationCritic();
  return async (input, run) => (await critic(input, run)).score;
};

const resolve = (
  strategies: Readonly<Record<string, StepLike<Question, Answer>>>,
  options: AdaptiveOptions,
): Settings => {
  const settings: Settings = {
    classify: queryKind,
    score: scoreByCitations(),
    policy: 'thompson',
    store: options.store ?? memoryStore(),
    key: 'adaptive',
    feedbackMs: 7 * dayMs,
    maxWeight: 500,
    ...options,
    strategies: new Map(Object.entries(strategies)),
  };
  if (settings.strategies.size === 0)
    throw new PipewrightError('bad-option', '`adaptive` needs at least one strategy.');
  if (settings.policy !== 'thompson' && settings.policy !== 'ucb1') {
    throw new PipewrightError('bad-option', `\`policy\` must be thompson or ucb1, got ${settings.policy}.`);
  }
  checkAtLeast('feedbackMs', settings.feedbackMs, 1);
  checkAtLeast('maxWeight', settings.maxWeight, 1);
  return settings;
};

/**
 * Picks one of several ways to answer by the kind of the question, and learns which is best for which kind: from the score of each
 * answer, and from the feedback of users, which counts in its place. A kind that is new starts from what is known of all kinds. It
 * emits `choice-made` with the reason, which also stands in `trace`; `insight()` reports. The idea is that of Adaptive-RAG (Jeong
 * et al., 2024, arXiv:2403.14403), with a contextual bandit in place of its trained classifier. A classifier, a score or a store that
 * fails loses no answer: the run gets a warning. A strategy that fails counts as a score of 0, and the step rejects with what it threw.
 * It costs the classifier, the score, and the strategy that is picked.
 * @throws {PipewrightError} `bad-option`.
 * @example const ask = adaptive({ plain: answer(retriever, model), careful: reflective(answer(retriever, model)) })
 */
export const adaptive = (
  strategies: Readonly<Record<string, StepLike<Question, Answer>>>,
  options: AdaptiveOptions = {},
): AdaptiveAnswerer => {
  const settings = resolve(strategies, options);
  const { classify, policy, store, key, score } = settings;
  const children = [
    { label: 'classify', step: classify as AnyStep },
    { label: 'score', step: score as AnyStep },
    ...Object.entries(strategies).map(([label, step]) => ({ label, step: step as AnyStep })),
  ];
  const props = {
    feedback: (answer: Answer | string, given: number, run: Run = createRun()) =>
      takeFeedback(settings, answer, given, run),
    insight: async () => insightOf(await readArms(store, key), [...settings.strategies.keys()]),
  };
  const info = { kind: 'adaptive', details: { policy }, children };
  return defineStepWith<Question, Answer, typeof props>(info, props, (input, run) =>
    answerAdaptively(settings, asQuestion(input), run),
  );
};

const noTally: Tally = { count: 0, sum: 0 };

const added = (arms: readonly Tally[]): Tally =>
  arms.reduce((all, { count, sum }) => ({ count: all.count + count, sum: all.sum + sum }), noTally);

const figure = (value: number | undefined): string => (value === undefined ? 'none' : value.toFixed(2));

interface Pick {
  readonly kind: string;
  readonly strategy: string;
  readonly reason: string;
}

const pick = async (settings: Settings, asked: QuestionWithOptions, run: Run): Promise<Pick> => {
  const { classify, policy, store, key, strategies } = settings;
  const own = async (): Promise<string> => {
    const kind = await callStep(classify, asked, withoutText(run), 'classify');
    return /^[\w -]{1,40}$/u.test(kind) ? kind : 'other';
  };
  const named = await orElse('The classifier', run, own, () => queryKind(asked));
  const arms = await orElse<readonly Arm[]>(
    'Reading what was learnt',
    run,
    () => readArms(store, key),
    () => [],
  );
  const kind = countedKind(arms, named);
  const choices = [...strategies.keys()].map((name) => {
    const own = arms.filter(({ strategy }) => strategy === name);
    return { name, here: own.find((arm) => arm.kind === kind) ?? noTally, everywhere: added(own) };
  });
  const [best, next] = weigh(choices, policy, run.random);
  if (best === undefined) throw new PipewrightError('bad-option', '`adaptive` needs at least one strategy.');
  const { name, here } = best.choice;
  const beside = next === undefined ? '' : `; next ${next.choice.name}, weight ${figure(next.weight)}`;
  const scored = `mean score ${figure(meanOf(here))} of ${Math.round(here.count)} answers`;
  const reason = `${kind}: ${name}, ${scored}, ${policy} weight ${figure(best.weight)}${beside}`;
  return { kind, strategy: name, reason };
};

const answerAdaptively = async (settings: Settings, asked: QuestionWithOptions, run: Run): Promise<Answer> => {
  const picked = await pick(settings, asked, run);
  const { strategy, reason } = picked;
  run.emit({ type: 'choice-made', chosen: strategy, reason });
  const step = settings.strategies.get(strategy) as StepLike<Question, Answer>;
  const startedMs = run.clock.now();
  // A meter of its own tells what this call takes, beside others of the same run.
  const inner = run.with({ budget: {} });
  const spent = (): { readonly calls: number; readonly costUsd: number; readonly durationMs: number } => ({
    calls: 1,
    costUsd: inner.meter.spent.costUsd,
    durationMs: run.clock.now() - startedMs,
  });
  let answered: Answer;
  try {
    answered = await callStep(step, asked, inner, strategy);
  } catch (error) {
    run.throwIfAborted();
    // That the money has run out says nothing of the strategy.
    if (!isPipewrightError(error) || error.code !== 'budget-exceeded') {
      await learn(settings, picked, { ...spent(), count: 1, failures: 1 }, run);
    }
    throw error;
  }
  run.throwIfAborted();
  const took = spent();
  const score = await scoreOf(settings, { question: asked.question, answer: answered }, run);
  const id = randomId(run.random);
  await learn(settings, picked, { ...took, ...(score === undefined ? {} : { count: 1, sum: score }) }, run);
  await orElse(
    'Remembering the answer',
    run,
    () => remember(settings, picked, id, score),
    () => undefined,
  );
  const chosen: AnswerAction = { action: 'choose', detail: reason };
  return { ...answered, id, trace: [chosen, ...answered.trace] };
};

const remember = ({ store, key, feedbackMs }: Settings, { kind, strategy }: Pick, id: string, score?: number) =>
  rememberAnswer(store, key, id, { kind, strategy, ...(score === undefined ? {} : { score }) }, feedbackMs);

const learn = (settings: Settings, picked: Pick, change: Partial<Arm>, run: Run): Promise<void> =>
  orElse(
    'Learning',
    run,
    () => addToArm(settings, picked, change, run),
    () => undefined,
  );

const isScore = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;

const scoreOf = ({ score }: Settings, input: CritiqueInput, run: Run): Promise<number | undefined> => {
  const own = async (): Promise<number | undefined> => {
    const given = await callStep(score, input, withoutText(run), 'score');
    if (given === undefined || isScore(given)) return given;
    throw new PipewrightError('output-invalid', `A score must be from 0 to 1, got ${given}.`);
  };
  return orElse<number | undefined>('The score', run, own, () => undefined);
};

const takeFeedback = async (settings: Settings, answer: Answer | string, score: number, run: Run): Promise<void> => {
  const { store, key, feedbackMs } = settings;
  if (!isScore(score)) throw new PipewrightError('bad-input', `Feedback must be from 0 to 1, got ${score}.`);
  const id = typeof answer === 'string' ? answer : answer.id;
  if (id === undefined) {
    throw new PipewrightError('bad-input', 'The answer has no id, so it does not come from `adaptive`.');
  }
  const before = await rescoreAnswer(store, key, id, score, feedbackMs);
  const change = { count: before.score === undefined ? 1 : 0, sum: score - (before.score ?? 0) };
  await addToArm(settings, before, change, run);
};

const rowOf = (strategy: string, kind: string | undefined, arms: readonly Arm[]): StrategyInsight => {
  const total = (of: (arm: Arm) => number): number => arms.reduce((sum, arm) => sum + of(arm), 0);
  const tally = added(arms);
  const meanScore = meanOf(tally);
  const calls = total((arm) => arm.calls);
  return {
    strategy,
    ...(kind === undefined ? {} : { kind }),
    answers: tally.count,
    ...(meanScore === undefined ? {} : { meanScore }),
    interval: intervalOf(tally),
    calls,
    failures: total((arm) => arm.failures),
    meanCostUsd: total((arm) => arm.costUsd) / Math.max(1, calls),
    meanMs: total((arm) => arm.durationMs) / Math.max(1, calls),
  };
};

const insightOf = (arms: readonly Arm[], strategies: readonly string[]): readonly StrategyInsight[] =>
  strategies.flatMap((strategy) => {
    const own = arms.filter((arm) => arm.strategy === strategy);
    const kinds = own.map(({ kind }) => kind).sort();
    return [
      rowOf(strategy, undefined, own),
      ...kinds.map((kind) =>
        rowOf(
          strategy,
          kind,
          own.filter((arm) => arm.kind === kind),
        ),
      ),
    ];
  });
