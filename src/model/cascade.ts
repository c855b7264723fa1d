import {
  addUsage,
  callInSpan,
  callStep,
  checkAtLeast,
  defineStepWith,
  PipewrightError,
  type Run,
  type RunEvent,
  stepName,
} from '../core/index.js';
import { type Confidence, isShown, replyConfidence } from './confidence.js';
import { canTake, largestLimits, unionOfFeatures } from './model-group.js';
import { costOf, priceOf } from './prices.js';
import { requestOf } from './request.js';
import type { ChatInput, ChatModel, ChatReply, ChatRequest } from './types.js';

export interface CascadeOptions {
  /**
   * How sure an answer is, from 0 to 1, or yes or no.
   * @default `replyConfidence`; models that can are asked for log-probabilities for it
   */
  readonly confidence?: Confidence;
  /** An answer of at least this confidence is taken. @default 0.3 */
  readonly minConfidence?: number;
  /**
   * `retract`: an answer is shown while it is written, and withdrawn when it is not taken; `hide`: it is shown as a whole once it
   * is taken. @default 'retract'
   */
  readonly onRejected?: 'retract' | 'hide';
}

/** What one model of a cascade did. */
export interface CascadeLevel {
  readonly id: string;
  /** How often it was asked. */
  readonly asked: number;
  /** How often its answer was taken. */
  readonly taken: number;
  /** Sum of the calls with a known price. */
  readonly costUsd: number;
}

export interface CascadeStats {
  /** From the smallest model to the largest. */
  readonly levels: readonly CascadeLevel[];
  /**
   * What asking the largest model each time would have cost beyond what was spent, with the tokens of the answers that were
   * taken; negative when the cascade cost more. Left out while prices are not known.
   */
  readonly savedUsd?: number;
}

/** A cascade is a chat model. Its reply's usage and cost are those of all models that were asked for it. */
export interface CascadeModel extends ChatModel {
  /** Since it was made. */
  readonly stats: () => CascadeStats;
}

interface Settings {
  readonly models: readonly [ChatModel, ...ChatModel[]];
  readonly confidence: Confidence;
  readonly minConfidence: number;
  readonly isHiding: boolean;
  /** Whether the default confidence is used, which wants log-probabilities. */
  readonly wantsLogProbs: boolean;
  readonly tally: Tally;
}

interface Tally {
  readonly take: (model: ChatModel, reply: ChatReply) => void;
  readonly ask: (model: ChatModel, reply: ChatReply) => void;
  readonly stats: () => CascadeStats;
}

const tallyOf = (models: readonly ChatModel[]): Tally => {
  const levels = new Map(models.map((model) => [model, { id: model.id, asked: 0, taken: 0, costUsd: 0 }]));
  const largest = models.at(-1);
  const price = largest === undefined ? undefined : (priceOf(largest.id) ?? priceOf(largest.model));
  let spentUsd = 0;
  let largestUsd: number | undefined = price === undefined ? undefined : 0;
  return {
    ask: (model, { costUsd = 0 }) => {
      const level = levels.get(model);
      if (level === undefined) return;
      level.asked += 1;
      level.costUsd += costUsd;
      spentUsd += costUsd;
    },
    take: (model, { usage }) => {
      const level = levels.get(model);
      if (level !== undefined) level.taken += 1;
      if (price !== undefined && largestUsd !== undefined) largestUsd += costOf(usage, price);
    },
    stats: () => ({
      levels: [...levels.values()].map((level) => ({ ...level })),
      ...(largestUsd === undefined ? {} : { savedUsd: largestUsd - spentUsd }),
    }),
  };
};

/** Shows an answer that was held back. */
const show = ({ text, toolCalls }: ChatReply, run: Run): void => {
  if (text !== '') run.emit({ type: 'text-delta', text });
  for (const { id, name, input } of toolCalls) {
    run.emit({ type: 'tool-call-delta', id, name, text: typeof input === 'string' ? input : JSON.stringify(input) });
    run.emit({ type: 'tool-call', id, name, input });
  }
};

interface Judged {
  readonly reply: ChatReply;
  readonly confidence: number;
  /** Makes the answer count. */
  readonly take: () => void;
  /** Makes what was shown of it not count. */
  readonly reject: (reason: string) => void;
}

/** Asks one model that is not the last, and how sure its answer is. */
const ask = async (settings: Settings, model: ChatModel, request: ChatRequest, run: Run): Promise<Judged> => {
  const { isHiding, confidence, tally } = settings;
  const hide = isHiding ? { passes: (event: RunEvent) => !isShown(event) } : {};
  const child = run.isWatched ? run.child(stepName(model), hide) : run;
  const wanted =
    settings.wantsLogProbs && model.features.logProbs && request.logProbs === undefined
      ? { ...request, logProbs: 0 }
      : request;
  const reply = await (run.isWatched ? callInSpan(model, wanted, child) : model(wanted, run));
  tally.ask(model, reply);
  const answered = { reply, request, model, run: child };
  return {
    reply,
    confidence: Number(await confidence(answered)),
    take: () => {
      tally.take(model, reply);
      if (isHiding) show(reply, run);
    },
    reject: (reason) => {
      if (!isHiding && (reply.text !== '' || reply.toolCalls.length > 0)) child.emit({ type: 'retract', reason });
    },
  };
};

/** The reply with the usage and cost of those that were asked before it. */
const withCostOf = (reply: ChatReply, before: readonly ChatReply[]): ChatReply => {
  if (before.length === 0) return reply;
  const all = [...before, reply];
  const costs = all.map(({ costUsd }) => costUsd);
  const { costUsd: _, ...rest } = reply;
  const isKnown = costs.every((cost) => cost !== undefined);
  return {
    ...rest,
    usage: all.map(({ usage }) => usage).reduce(addUsage),
    ...(isKnown ? { costUsd: costs.reduce((sum, cost) => sum + cost, 0) } : {}),
  };
};

const climb = async (settings: Settings, request: ChatRequest, run: Run): Promise<ChatReply> => {
  const { models, minConfidence, tally } = settings;
  const able = models.filter((model) => canTake(model, request));
  // Where none can, the largest one says what is wrong.
  const last = able.at(-1) ?? models.at(-1) ?? models[0];
  const before: ChatReply[] = [];
  let reason = 'it alone can take the request';
  for (const model of able.slice(0, -1)) {
    const { reply, confidence, take, reject } = await ask(settings, model, request, run);
    run.throwIfAborted();
    const shown = `confidence ${confidence.toFixed(2)} of ${model.id}`;
    if (confidence >= minConfidence) {
      take();
      run.emit({ type: 'choice-made', chosen: model.id, reason: `${shown} reaches ${minConfidence}` });
      return withCostOf(reply, before);
    }
    reason = `${shown} is below ${minConfidence}`;
    reject(`Asking a larger model: ${reason}`);
    before.push(reply);
  }
  run.emit({ type: 'choice-made', chosen: last.id, reason });
  const reply = await callStep(last, request, run, stepName(last));
  tally.ask(last, reply);
  tally.take(last, reply);
  return withCostOf(reply, before);
};

/**
 * Makes a chat model that asks the first model, takes its answer when that looks sure, and else asks the next, up to the last,
 * whose answer is taken as it is. Models that cannot take a request (its features, its length) are passed over. It has every
 * feature that one of its models has. Source: Chen, Zaharia, Zou, "FrugalGPT" (2023), arXiv:2305.05176.
 * A call that fails fails the cascade: put `retry` or `fallback` around the models or around it.
 * @throws {PipewrightError} `bad-option` without models or for a confidence out of range.
 * @example (await cascade([scripted(['I do not know.']), scripted(['Paris'])])('Capital of France?')).text // => 'Paris'
 */
export const cascade = (models: readonly [ChatModel, ...ChatModel[]], options: CascadeOptions = {}): CascadeModel => {
  const { confidence = replyConfidence, minConfidence = 0.3, onRejected = 'retract' } = options;
  const last = models.at(-1);
  if (last === undefined) throw new PipewrightError('bad-option', 'A cascade needs at least one model.');
  checkAtLeast('minConfidence', minConfidence, 0);
  const tally = tallyOf(models);
  const settings: Settings = {
    models,
    confidence,
    minConfidence,
    isHiding: onRejected === 'hide',
    wantsLogProbs: options.confidence === undefined,
    tally,
  };
  const props = {
    id: `cascade(${models.map(({ id }) => id).join(', ')})`,
    model: last.model,
    provider: 'cascade',
    features: unionOfFeatures(models),
    limits: largestLimits(models),
    stats: tally.stats,
  };
  const info = {
    kind: 'cascade',
    details: { minConfidence, onRejected },
    children: models.map((step) => ({ step })),
  };
  return defineStepWith<ChatInput, ChatReply, typeof props>(info, props, (input, run) =>
    climb(settings, requestOf(input), run),
  );
};
