import { PipewrightError, type Run } from '../../core/index.js';
import {
  type BatchModel,
  batchModel,
  type BatchModelOptions,
  type BatchResult,
  type BatchService,
  type BatchStatus,
  type ChatRequest,
  type ModelEvent,
} from '../../model/index.js';
import { guardedCall, httpJson, httpLines, type JsonApi, jsonApi, serverError } from '../shared/index.js';
import { type AnthropicOptions, anthropicSettings } from './anthropic.js';
import { ask, defaultBaseUrl } from './client.js';
import { eventsOf, readEvents } from './events.js';
import { anthropicFeatures } from './models.js';
import { type WireSettings, wireRequest } from './request.js';
import type { Block } from './thinking.js';

export interface AnthropicBatchOptions extends BatchModelOptions, Omit<AnthropicOptions, 'isStreaming' | 'limits'> {}

/** What a batch costs of the price of single calls: https://platform.claude.com/docs/en/build-with-claude/batch-processing. */
const priceRatio = 0.5;

/** What the API takes in one batch. */
const maxRequests = 100_000;

/** The version of the API that is written here; requests that need an earlier one say so. */
const version = '2026-10-21';

const batches = '/v1/messages/batches';

/**
 * Anthropic's Message Batches API: up to 100,000 requests, answered within a day for half the price. Every request has an outcome
 * of its own, a reply or an error: what was cancelled is `model-failed`, what expired is `timeout`. Results are read line by
 * line. As a batch may be collected where its requests are not at hand, citations name a source by its title, or as `document-0`
 * by its place. Throws as `anthropic` does beside that.
 * @example anthropicBatch('claude-sonnet-4-5').id // => 'anthropic:claude-sonnet-4-5'
 */
export const anthropicBatch = (model: string, options: AnthropicBatchOptions = {}): BatchModel => {
  const { apiKey, baseUrl, headers = {}, price, features, citesFiles, ...polling } = options;
  const settings = anthropicSettings(model, { headers, ...(citesFiles === undefined ? {} : { citesFiles }) });
  const { id, family, limits } = settings;
  const own = { 'anthropic-version': version, ...headers };
  const api = jsonApi({ id, apiKey, variable: 'ANTHROPIC_API_KEY', defaultBaseUrl, baseUrl, headers: own });
  const service: BatchService = {
    id,
    model,
    provider: 'anthropic',
    features: anthropicFeatures(family, features),
    limits,
    priceRatio,
    ...(price === undefined ? {} : { price }),
    submit: (requests, run) => submit(api, settings, requests, run),
    status: async (batchId, run) => statusOf(id, (await api.ask(pathOf(batchId), undefined, run)).data),
    results: (batchId, run) => guardedCall(api, run, (signal) => results(api, batchId, run, signal)),
    cancel: async (batchId, run) => void (await api.ask(`${pathOf(batchId)}/cancel`, {}, run)),
  };
  return batchModel(service, polling);
};

const pathOf = (batchId: string): string => `${batches}/${encodeURIComponent(batchId)}`;

const submit = async (
  api: JsonApi,
  settings: WireSettings,
  requests: readonly ChatRequest[],
  run: Run,
): Promise<string> => {
  const { id } = settings;
  if (requests.length > maxRequests) {
    const what = `${requests.length} requests, and the API takes ${maxRequests}`;
    throw new PipewrightError('bad-input', `The batch for ${id} has ${what}. Hand it in as several batches.`);
  }
  const wires = requests.map((request) => wireRequest(settings, request, run));
  const body = { requests: wires.map(({ body: params }, index) => ({ custom_id: String(index), params })) };
  // One set of headers stands for all requests.
  const headers = headersOf(wires.map((wire) => wire.headers));
  const { data } = await ask(api, id, run, (signal) => {
    const call = api.request(batches, body, signal);
    return httpJson({ ...call, headers: { ...call.headers, ...headers } });
  });
  const { id: batchId } = (data ?? {}) as { readonly id?: unknown };
  if (typeof batchId === 'string') return batchId;
  throw new PipewrightError(
    'model-failed',
    `${id} took the batch without naming it. Check the base URL, or try again.`,
    {
      retryable: true,
    },
  );
};

const headersOf = (all: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> => {
  const betas = new Set(all.flatMap((headers) => headers['anthropic-beta']?.split(',') ?? []));
  const merged: Record<string, string> = Object.assign({}, ...all);
  return betas.size === 0 ? merged : { ...merged, 'anthropic-beta': [...betas].join(',') };
};

interface WireBatch {
  readonly processing_status?: string;
  readonly request_counts?: Readonly<Record<string, number>>;
}

const statusOf = (id: string, data: unknown): BatchStatus => {
  const { processing_status: status, request_counts: counts = {} } = (data ?? {}) as WireBatch;
  if (status === undefined) {
    throw new PipewrightError('model-failed', `${id} told no state of the batch. Check the base URL, or try again.`, {
      retryable: true,
    });
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { hasEnded: status === 'ended', done: total - (counts.processing ?? 0), total: Math.min(total, maxRequests) };
};

interface WireResult {
  readonly custom_id?: string;
  readonly result?: { readonly type?: string; readonly message?: unknown; readonly error?: unknown };
}

async function* results(
  api: JsonApi,
  batchId: string,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<BatchResult, void, undefined> {
  // Not the `results_url` that the server tells: the key goes nowhere but to the base URL.
  for await (const line of await httpLines(api.request(`${pathOf(batchId)}/results`, undefined, signal))) {
    const wire = JSON.parse(line) as WireResult;
    const index = Number(wire.custom_id);
    // Whose it is cannot be told.
    if (!Number.isInteger(index) || index < 0 || index >= maxRequests) continue;
    try {
      yield { index, events: await answerIn(api.id, wire.result ?? {}) };
    } catch (error) {
      yield { index, error: serverError(error, { id: api.id, secrets: api.secrets(), nowMs: run.clock.now() }) };
    }
  }
}

/** Throws a failure as one of ours, or in the shape in which `serverError` reads it. */
const answerIn = async (
  id: string,
  { type, message, error }: NonNullable<WireResult['result']>,
): Promise<readonly ModelEvent[]> => {
  if (type === 'expired') {
    const text = `${id} did not come to this request before the batch expired. Hand it in again.`;
    throw new PipewrightError('timeout', text, { retryable: true });
  }
  if (type === 'canceled') {
    const text = `${id} did not come to this request before the batch was cancelled. Hand it in again if you want it.`;
    throw new PipewrightError('model-failed', text);
  }
  if (type !== 'succeeded') throw { error: (error as Block | undefined) ?? 'no answer' };
  const events: ModelEvent[] = [];
  for await (const event of readEvents(eventsOf(id, message), {}, undefined)) events.push(event);
  return events;
};
