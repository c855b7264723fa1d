import { callStep, createRun, defineStepWith, PipewrightError, type Run } from '../core/index.js';
import { type Difficulty, type DifficultyScore, difficulty } from './difficulty.js';
import { canTake, largestLimits, lastQuestion, unionOfFeatures } from './model-group.js';
import { costOf } from './prices.js';
import { requestOf } from './request.js';
import { estimateRequestTokens } from './request-tokens.js';
import { chatPriceIn } from './run-prices.js';
import type { ChatInput, ChatModel, ChatReply, ChatRequest } from './types.js';

export interface RouterOptions {
  /** Tells how hard a question is. @default `difficulty()` with its built-in weights */
  readonly difficulty?: Difficulty;
  /** From which difficulty on each further model is taken, rising; one fewer than there are models. @default evenly spread */
  readonly thresholds?: readonly number[];
  /** A larger model is not taken when its call may cost more than this share of what the run's budget leaves. @default 0.5 */
  readonly maxBudgetShare?: number;
}

export interface RouteChoice extends DifficultyScore {
  readonly id: string;
  /** Why, in one line. */
  readonly reason: string;
  /** Models that were passed over, and why. */
  readonly passedOver: readonly { readonly id: string; readonly why: string }[];
}

/** How an answer turned out. */
export interface RouteOutcome {
  readonly input: ChatInput;
  readonly wasGood: boolean;
  /** Which model answered. @default the one that would be chosen now */
  readonly id?: string;
}

export interface RouterModel extends ChatModel {
  /** What it would choose; with a run, by its budget too. */
  readonly explain: (input: ChatInput, run?: Run) => RouteChoice;
  /**
   * Learns from an outcome: a bad answer was a hard question, a good one of the smallest model an easy one. A good answer of a
   * larger model tells nothing of the smallest.
   */
  readonly learn: (outcome: RouteOutcome) => void;
}

/** What a model that limits nothing holds for its reply, as a call with a budget does. */
const defaultOutputTokens = 4_096;

/** What the call may cost at most; undefined when the price is not known. */
const mostUsd = (model: ChatModel, request: ChatRequest, run: Run): number | undefined => {
  const price = chatPriceIn(run, model);
  if (price === undefined) return undefined;
  const { maxOutputTokens = defaultOutputTokens } = model.limits;
  const outputTokens = request.maxOutputTokens ?? Math.min(defaultOutputTokens, maxOutputTokens);
  return costOf({ inputTokens: estimateRequestTokens(request, model.model), outputTokens }, price);
};

const usd = (amount: number): string => `$${Number(amount.toPrecision(2))}`;

interface Settings {
  readonly models: readonly ChatModel[];
  readonly difficulty: Difficulty;
  readonly thresholds: readonly number[];
  readonly maxBudgetShare: number;
}

interface Chosen {
  readonly model: ChatModel;
  readonly choice: RouteChoice;
}

const shownSignals = 3;

const choose = (settings: Settings, fallbackModel: ChatModel, request: ChatRequest, run: Run): Chosen => {
  const { models, thresholds, maxBudgetShare } = settings;
  const score = settings.difficulty.score(lastQuestion(request));
  const level = thresholds.filter((threshold) => score.difficulty >= threshold).length;
  const passedOver: { readonly id: string; readonly why: string }[] = [];
  const able = models.filter((model) => canTake(model, request));
  const wanted = models[level];
  if (wanted !== undefined && !able.includes(wanted)) {
    passedOver.push({ id: wanted.id, why: 'it cannot take the request' });
  }
  // The next larger one that can take it; where none can, the next smaller one.
  let at = able.findIndex((model) => models.indexOf(model) >= level);
  if (at < 0) at = able.length - 1;
  const leftUsd = run.meter.remaining.costUsd;
  while (at > 0) {
    const model = able[at];
    const cost = model === undefined || leftUsd === Infinity ? 0 : (mostUsd(model, request, run) ?? 0);
    if (model === undefined || cost <= leftUsd * maxBudgetShare) break;
    passedOver.push({ id: model.id, why: `it may cost ${usd(cost)} of the ${usd(leftUsd)} that are left` });
    at -= 1;
  }
  const model = able[at] ?? fallbackModel;
  const signals = score.signals.slice(0, shownSignals).map(({ name, effect }) => {
    return `${name} ${effect > 0 ? '+' : ''}${effect.toFixed(1)}`;
  });
  const skipped = passedOver.map(({ id, why }) => `; not ${id}: ${why}`).join('');
  const reason = `difficulty ${score.difficulty.toFixed(2)} (${signals.join(', ')})${skipped}`;
  return { model, choice: { ...score, id: model.id, reason, passedOver } };
};

const checkThresholds = (thresholds: readonly number[], models: number): void => {
  const isRising = thresholds.every((value, at) => value >= (thresholds[at - 1] ?? 0) && value <= 1);
  if (thresholds.length === models - 1 && isRising) return;
  throw new PipewrightError(
    'bad-option',
    `\`thresholds\` must be ${models - 1} rising figures from 0 to 1 for ${models} models, got [${thresholds.join(', ')}].`,
  );
};

/**
 * Makes a chat model that sends easy questions to the first model and harder ones to larger models, by the text of the last
 * question and before any call. A model that cannot take a request (its features, its length) is passed over, and so is one that
 * is too dear for what the run's budget leaves. It emits `choice-made`.
 * The idea is that of RouteLLM (Ong et al., 2024, arXiv:2406.18665), with a classifier that needs no model.
 * @throws {PipewrightError} `bad-option`.
 * @example (await router([scripted(['Hi'], { id: 'small' }), scripted([], { id: 'large' })])('Hello')).model // => 'small'
 */
export const router = (models: readonly [ChatModel, ...ChatModel[]], options: RouterOptions = {}): RouterModel => {
  const { maxBudgetShare = 0.5 } = options;
  const last = models.at(-1);
  if (last === undefined) throw new PipewrightError('bad-option', 'A router needs at least one model.');
  if (!(maxBudgetShare > 0 && maxBudgetShare <= 1)) {
    throw new PipewrightError('bad-option', `\`maxBudgetShare\` must be above 0 and at most 1, got ${maxBudgetShare}.`);
  }
  const thresholds = options.thresholds ?? models.slice(1).map((_, at) => (at + 1) / models.length);
  checkThresholds(thresholds, models.length);
  const settings: Settings = { models, difficulty: options.difficulty ?? difficulty(), thresholds, maxBudgetShare };
  const explain = (input: ChatInput, run: Run = createRun()): RouteChoice =>
    choose(settings, last, requestOf(input), run).choice;
  const props = {
    id: `router(${models.map(({ id }) => id).join(', ')})`,
    model: last.model,
    provider: 'router',
    features: unionOfFeatures(models),
    limits: largestLimits(models),
    explain,
    learn: ({ input, wasGood, id = explain(input).id }: RouteOutcome) => {
      if (wasGood && id !== models[0].id) return;
      settings.difficulty.learn({ text: lastQuestion(requestOf(input)), difficulty: wasGood ? 0 : 1 });
    },
  };
  const info = {
    kind: 'router',
    details: { thresholds: thresholds.join(', ') },
    children: models.map((step) => ({ step })),
  };
  return defineStepWith<ChatInput, ChatReply, typeof props>(info, props, (input, run) => {
    const request = requestOf(input);
    const { model, choice } = choose(settings, last, request, run);
    run.emit({ type: 'choice-made', chosen: choice.id, reason: choice.reason });
    return Promise.resolve(callStep(model, request, run, model.id));
  });
};
