import {
  addUsage,
  checkAtLeast,
  createRun,
  defineStepWith,
  type Hold,
  isPipewrightError,
  noUsage,
  PipewrightError,
  type Run,
  sleep,
  type Usage,
} from '../core/index.js';
import type { BatchModel, BatchOutcome, BatchResult, BatchService, BatchStatus } from './batch.js';
import { costOf } from './prices.js';
import { replyBuilder } from './reply-builder.js';
import { allFeatures, checkFeatures, requestOf } from './request.js';
import { estimateRequestTokens } from './request-tokens.js';
import { priceIn } from './run-prices.js';
import type { ChatInput, ChatRequest } from './types.js';

export interface BatchModelOptions {
  /** How long to wait before asking again how a batch stands; the wait grows from time to time. @default 5000 */
  readonly pollMs?: number;
  /** The longest wait. @default 60000 */
  readonly maxPollMs?: number;
}

type Polling = Required<BatchModelOptions>;

/**
 * Makes the step from a batch service: checks all requests before anything is sent, holds room in the budget, waits on the run's
 * clock, survives failures while it asks how the batch stands, puts the replies together and counts what they took. In the
 * meter a batch is one call, counted when its results are read.
 * @example
 * const facts = { id: 'test:m', model: 'm', provider: 'test', features: {}, limits: {}, priceRatio: 0.5 };
 * const status = async () => ({ hasEnded: true, done: 1, total: 1 });
 * const results = async function* () { yield { index: 0, events: [{ type: 'text-delta', text: 'Hello' }, { type: 'finish', reason: 'stop' }] }; };
 * const model = batchModel({ ...facts, submit: async () => 'batch_1', status, results, cancel: async () => {} });
 * (await model(['Hi']))[0].reply.text // => 'Hello'
 */
export const batchModel = (service: BatchService, options: BatchModelOptions = {}): BatchModel => {
  const { pollMs = 5_000, maxPollMs = 60_000 } = options;
  checkAtLeast('pollMs', pollMs, 0);
  checkAtLeast('maxPollMs', maxPollMs, pollMs);
  const { id, model, provider } = service;
  const polling: Polling = { pollMs, maxPollMs };

  const submit = async (inputs: readonly ChatInput[], run: Run = createRun()): Promise<string> => {
    const { requests, hold } = admit(service, inputs, run);
    // What is held counts when it is collected; this only refuses what could not be paid.
    hold.release();
    return await service.submit(requests, run);
  };
  const collect = async (batchId: string, run: Run = createRun()): Promise<readonly BatchOutcome[]> => {
    const price = priceIn(run, model, service.price);
    const hold = run.meter.reserve({ label: id, tokens: 0, costUsd: price === undefined ? undefined : 0 });
    return await collectHeld(service, batchId, hold, run, polling);
  };
  const cancel = (batchId: string, run: Run = createRun()): Promise<void> => service.cancel(batchId, run);

  const props = { id, model, provider, submit, collect, cancel };
  return defineStepWith<readonly ChatInput[], readonly BatchOutcome[], typeof props>(
    { kind: 'batch', name: id },
    props,
    async (inputs, run) => {
      if (inputs.length === 0) return [];
      const { requests, hold } = admit(service, inputs, run);
      try {
        return await collectHeld(service, await service.submit(requests, run), hold, run, polling);
      } finally {
        hold.release();
      }
    },
  );
};

/** Output tokens that are held for a request that does not limit them; it is then sent with this limit. */
const defaultHeldOutputTokens = 4_096;

/** Refuses what the model cannot do and what the budget might not pay. */
const admit = (
  service: BatchService,
  inputs: readonly ChatInput[],
  run: Run,
): { readonly requests: readonly ChatRequest[]; readonly hold: Hold } => {
  const { id, model, limits, priceRatio } = service;
  if (inputs.length === 0) throw new PipewrightError('bad-input', `${id} was given no requests. Give it at least one.`);
  const features = allFeatures(service.features);
  const requests = inputs.map(requestOf);
  for (const request of requests) checkFeatures(id, features, request);
  run.throwIfAborted();
  if (!run.meter.isLimited) return { requests, hold: run.meter.reserve({ label: id, tokens: 0, costUsd: 0 }) };
  const most = Math.min(defaultHeldOutputTokens, limits.maxOutputTokens ?? defaultHeldOutputTokens);
  const limited = requests.map((request) => ({ ...request, maxOutputTokens: request.maxOutputTokens ?? most }));
  const price = priceIn(run, model, service.price);
  let tokens = 0;
  let costUsd = 0;
  for (const request of limited) {
    const usage: Usage = { inputTokens: estimateRequestTokens(request, model), outputTokens: request.maxOutputTokens };
    tokens += usage.inputTokens + usage.outputTokens;
    costUsd += price === undefined ? 0 : costOf(usage, price) * priceRatio;
  }
  const reservation = { label: id, tokens, costUsd: price === undefined ? undefined : costUsd };
  return { requests: limited, hold: run.meter.reserve(reservation) };
};

const collectHeld = async (
  service: BatchService,
  batchId: string,
  hold: Hold,
  run: Run,
  polling: Polling,
): Promise<readonly BatchOutcome[]> => {
  try {
    const { total } = await untilEnded(service, batchId, run, polling);
    const { outcomes, usage, costUsd } = await readResults(service, batchId, run);
    const count = Math.max(total, outcomes.length);
    hold.settle(usage, costUsd);
    run.emit({ type: 'usage', model: service.id, usage, ...(costUsd === undefined ? {} : { costUsd }) });
    return Array.from({ length: count }, (_, index) => outcomes[index] ?? missing(service.id, batchId, index));
  } finally {
    // Nothing was read whole: the results can be collected again, and count then.
    hold.release();
  }
};

/** So many failures in a row while asking are taken for a bad moment: the batch goes on without us. */
const maxFailuresInARow = 10;
const growth = 1.5;

const untilEnded = async (
  service: BatchService,
  batchId: string,
  run: Run,
  { pollMs, maxPollMs }: Polling,
): Promise<BatchStatus> => {
  let waitMs = pollMs;
  let failures = 0;
  let lastDone = -1;
  for (;;) {
    let askedToWaitMs = 0;
    try {
      const status = await service.status(batchId, run);
      failures = 0;
      const { done, total, hasEnded } = status;
      if (done !== lastDone) run.emit({ type: 'progress', label: batchId, done, ...(total === 0 ? {} : { total }) });
      lastDone = done;
      if (hasEnded) return status;
    } catch (error) {
      failures += 1;
      if (!isPipewrightError(error) || !error.retryable || failures > maxFailuresInARow) throw error;
      askedToWaitMs = error.details.retryAfterMs ?? 0;
      run.emit({
        type: 'warning',
        message: `${service.id}: asking for ${batchId} failed and is tried again. ${error.message}`,
      });
    }
    await sleep(Math.max(waitMs, askedToWaitMs), run);
    waitMs = Math.min(maxPollMs, waitMs * growth);
  }
};

interface Results {
  /** By index; a request without an answer leaves a hole. */
  readonly outcomes: readonly (BatchOutcome | undefined)[];
  readonly usage: Usage;
  readonly costUsd: number | undefined;
}

const readResults = async (service: BatchService, batchId: string, run: Run): Promise<Results> => {
  const price = priceIn(run, service.model, service.price);
  // Thousands of replies are no text that somebody watches.
  const quiet = run.with({ passes: () => false });
  const outcomes: (BatchOutcome | undefined)[] = [];
  let usage = noUsage;
  let costUsd = price === undefined ? undefined : 0;
  for await (const result of service.results(batchId, run)) {
    run.throwIfAborted();
    const outcome = outcomeOf(service, result, quiet, (spent) =>
      price === undefined ? undefined : costOf(spent, price) * service.priceRatio,
    );
    outcomes[result.index] = outcome;
    if (!outcome.isOk) continue;
    usage = addUsage(usage, outcome.reply.usage);
    if (costUsd !== undefined) costUsd += outcome.reply.costUsd ?? 0;
  }
  return { outcomes, usage, costUsd };
};

const outcomeOf = (
  service: BatchService,
  result: BatchResult,
  run: Run,
  costUsdOf: (usage: Usage) => number | undefined,
): BatchOutcome => {
  if ('error' in result) return { isOk: false, error: result.error };
  const builder = replyBuilder(service, run);
  try {
    for (const event of result.events) builder.take(event);
    const usage = builder.usage() ?? { ...noUsage, isEstimated: true };
    return { isOk: true, reply: builder.reply(usage, costUsdOf(usage)) };
  } catch (error) {
    if (isPipewrightError(error)) return { isOk: false, error };
    throw error;
  }
};

const missing = (id: string, batchId: string, index: number): BatchOutcome => {
  const message = `${id} has no answer to request ${index} in ${batchId}. Hand it in again.`;
  return { isOk: false, error: new PipewrightError('model-failed', message, { retryable: true }) };
};
