import {
  defineStepWith,
  type Hold,
  isPipewrightError,
  noUsage,
  PipewrightError,
  raceAbort,
  type Run,
  type Usage,
} from '../core/index.js';
import { costOf } from './prices.js';
import { type ReplyBuilder, replyBuilder } from './reply-builder.js';
import { allFeatures, checkFeatures, requestOf } from './request.js';
import { estimateRequestTokens } from './request-tokens.js';
import { isFateUnknown } from './metered.js';
import { chatPriceIn } from './run-prices.js';
import { estimateTokens } from './tokens.js';
import type { ChatInput, ChatModel, ChatReply, ChatRequest, ModelFeatures, ModelPrice, Provider } from './types.js';

/** Output tokens that are held in a budget when the request does not limit them; the request is then sent with this limit. */
const defaultHeldOutputTokens = 4_096;

/**
 * Makes the step from a provider: checks the request against the model's features, holds room in the budget, calls, passes
 * deltas on to the run, puts the reply together, and counts what it took, also when the call breaks or is aborted.
 * The step throws `unsupported` before the network for what the model cannot do, `budget-exceeded` and `price-unknown` from
 * the budget, and `stream-cut` when the reply ends without a finish reason.
 * @example
 * async function* stream() {
 *   yield { type: 'text-delta', text: 'Hello' };
 *   yield { type: 'finish', reason: 'stop' };
 * }
 * const model = chatModel({ id: 'test:hello', model: 'hello', provider: 'test', features: {}, limits: {}, stream });
 * (await model('Hi')).text // => 'Hello'
 */
export const chatModel = (provider: Provider): ChatModel => {
  const { id, model, limits } = provider;
  const features = allFeatures(provider.features);
  const props = { id, model, provider: provider.provider, features, limits };
  return defineStepWith<ChatInput, ChatReply, typeof props>({ kind: 'model', name: id }, props, (input, run) =>
    call(provider, features, requestOf(input), run),
  );
};

const call = async (
  provider: Provider,
  features: ModelFeatures,
  request: ChatRequest,
  run: Run,
): Promise<ChatReply> => {
  checkFeatures(provider.id, features, request);
  run.throwIfAborted();
  const price = chatPriceIn(run, provider, provider.price);
  const { hold, limited } = reserve(provider, request, price, run);
  const builder = replyBuilder(provider, run);
  const settle = (usage: Usage): number | undefined => {
    const costUsd = price === undefined ? undefined : costOf(usage, price);
    hold.settle(usage, costUsd);
    run.emit({ type: 'usage', model: provider.id, usage, ...(costUsd === undefined ? {} : { costUsd }) });
    return costUsd;
  };
  try {
    await raceAbort(readAll(provider, limited, builder, run), run);
    const usage = builder.usage() ?? estimatedUsage(provider.model, request, builder);
    if (builder.isFinished()) return builder.reply(usage, settle(usage));
    return builder.reply(usage, undefined);
  } catch (error) {
    settle(mayHaveBeenBilled(error, builder) ? estimatedUsage(provider.model, request, builder) : noUsage);
    throw withPartialText(error, builder.text());
  }
};

const readAll = async (provider: Provider, request: ChatRequest, builder: ReplyBuilder, run: Run): Promise<void> => {
  for await (const event of provider.stream(request, run)) {
    // Leaving the loop closes the provider's generator, and with it the socket.
    run.throwIfAborted();
    builder.take(event);
    if (event.type === 'finish') return;
  }
};

/** Holds room for the call. Where tokens or money are limited the reply is limited to what was held, so it cannot overshoot. */
const reserve = (
  provider: Provider,
  request: ChatRequest,
  price: ModelPrice | undefined,
  run: Run,
): { readonly hold: Hold; readonly limited: ChatRequest } => {
  if (!run.meter.isLimited) {
    return { hold: run.meter.reserve({ label: provider.id, tokens: 0, costUsd: 0 }), limited: request };
  }
  const inputTokens = estimateRequestTokens(request, provider.model);
  const outputTokens =
    request.maxOutputTokens ??
    Math.min(defaultHeldOutputTokens, provider.limits.maxOutputTokens ?? defaultHeldOutputTokens);
  const costUsd = price === undefined ? undefined : costOf({ inputTokens, outputTokens }, price);
  const hold = run.meter.reserve({ label: provider.id, tokens: inputTokens + outputTokens, costUsd });
  return { hold, limited: { ...request, maxOutputTokens: outputTokens } };
};

/** A reply that had begun costs; so may one whose fate is not known. A refusal (401, 429, 500, a missing key) costs nothing. */
const mayHaveBeenBilled = (error: unknown, builder: ReplyBuilder): boolean =>
  builder.hasBegun() || isFateUnknown(error);

/** What a call took when the provider did not say: never below what was delivered, as near as an estimate can tell. */
const estimatedUsage = (model: string, request: ChatRequest, builder: ReplyBuilder): Usage => {
  const told = builder.usage();
  const written = estimateTokens(builder.written(), model);
  return {
    ...told,
    inputTokens: told?.inputTokens ?? estimateRequestTokens(request, model),
    outputTokens: Math.max(told?.outputTokens ?? 0, written),
    isEstimated: true,
  };
};

/** The same failure with the text that had arrived, where it does not carry that yet. */
const withPartialText = (error: unknown, partialText: string): unknown => {
  if (!isPipewrightError(error) || partialText === '' || error.details.partialText !== undefined) return error;
  const { code, message, retryable, cause, details } = error;
  return new PipewrightError(code, message, { retryable, cause, details: { ...details, partialText } });
};
