import { PipewrightError, type Run } from '../../core/index.js';
import {
  type BatchModel,
  batchModel,
  type BatchModelOptions,
  type BatchService,
  type BatchStatus,
  type ChatRequest,
  limitsOf,
  type ModelFeatures,
  type ModelLimits,
  type ModelPrice,
} from '../../model/index.js';
import { guardedCall, httpLines, type JsonApi, jsonApi } from '../shared/index.js';
import { fileOf, type LineReader, lineReader, maxRequests } from './batch-lines.js';
import { defaultBaseUrl } from './client.js';
import { openaiFamily, openaiFeatures } from './models.js';
import { type WireSettings, wireRequest } from './responses/request.js';
import { responsesServers } from './responses/servers.js';

export interface OpenAIBatchOptions extends BatchModelOptions {
  /** @default the environment variable OPENAI_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Batch API; one on this machine needs no key. @default https://api.openai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the model can do, where it differs from what is known of it. @default by model family */
  readonly features?: Partial<ModelFeatures>;
  /** @default what is known of the model */
  readonly limits?: ModelLimits;
  /** USD for a million tokens in a single call, of which a batch costs half. @default the price table */
  readonly price?: ModelPrice;
}

/** What a batch costs of the price of single calls: https://developers.openai.com/api/docs/guides/batch. */
const priceRatio = 0.5;

/**
 * OpenAI's Batch API: up to 50,000 requests of the Responses API in one file, answered within a day for half the price. Every
 * request has an outcome of its own, a reply or an error; the batch as a whole throws `bad-input` where the API refuses its file.
 * Throws as `openaiResponses` does beside that.
 * @example openaiBatch('gpt-5-mini').id // => 'openai:gpt-5-mini'
 */
export const openaiBatch = (model: string, options: OpenAIBatchOptions = {}): BatchModel => {
  const { apiKey, baseUrl, headers, price, features: own, limits, ...polling } = options;
  const id = `openai:${model}`;
  const family = openaiFamily(model);
  const features = openaiFeatures(family, { audio: false, ...own });
  const settings: WireSettings = {
    id,
    model,
    server: responsesServers.openai,
    family,
    reasons: features.reasoning,
    isStreaming: false,
  };
  const api = jsonApi({ id, apiKey, variable: 'OPENAI_API_KEY', defaultBaseUrl, baseUrl, headers });
  const service: BatchService = {
    id,
    model,
    provider: 'openai',
    features,
    limits: { ...limitsOf(model), ...limits },
    priceRatio,
    ...(price === undefined ? {} : { price }),
    submit: (requests, run) => submit(api, settings, requests, run),
    status: async (batchId, run) => statusOf(id, await batchAt(api, batchId, run)),
    results: (batchId, run) => results(api, settings, batchId, run),
    cancel: async (batchId, run) => void (await api.ask(`${pathOf(batchId)}/cancel`, {}, run)),
  };
  return batchModel(service, polling);
};

const submit = async (
  api: JsonApi,
  settings: WireSettings,
  requests: readonly ChatRequest[],
  run: Run,
): Promise<string> => {
  const bodies = requests.map((request) => ({ ...wireRequest(settings, request, run), stream: undefined }));
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', fileOf(settings.id, bodies), 'batch.jsonl');
  const file = await idIn(api, '/files', form, run);
  return await idIn(api, '/batches', { input_file_id: file, endpoint: '/v1/responses', completion_window: '24h' }, run);
};

const idIn = async (api: JsonApi, path: string, body: unknown, run: Run): Promise<string> => {
  const { data } = await api.ask(path, body, run);
  const { id } = (data ?? {}) as { readonly id?: unknown };
  if (typeof id === 'string') return id;
  throw new PipewrightError(
    'model-failed',
    `${api.id} answered ${path} without an id. Check the base URL, or try again.`,
    {
      retryable: true,
    },
  );
};

interface WireBatch {
  readonly status?: string;
  readonly request_counts?: { readonly total?: number; readonly completed?: number; readonly failed?: number } | null;
  readonly errors?: { readonly data?: readonly { readonly message?: string; readonly line?: number | null }[] } | null;
  readonly output_file_id?: string | null;
  readonly error_file_id?: string | null;
}

const pathOf = (batchId: string): string => `/batches/${encodeURIComponent(batchId)}`;

const batchAt = async (api: JsonApi, batchId: string, run: Run): Promise<WireBatch> =>
  ((await api.ask(pathOf(batchId), undefined, run)).data ?? {}) as WireBatch;

/** What has expired or was cancelled still has the answers that came before. */
const ends: ReadonlySet<string> = new Set(['completed', 'expired', 'cancelled']);

const statusOf = (id: string, { status = '', request_counts, errors }: WireBatch): BatchStatus => {
  if (status === 'failed') {
    const issues = (errors?.data ?? []).map(({ message, line }) =>
      typeof line === 'number' ? `line ${line}: ${message}` : String(message),
    );
    throw new PipewrightError(
      'bad-input',
      `${id} refused the batch: ${issues.slice(0, 3).join(' ') || 'no explanation'}`,
      {
        details: { issues },
      },
    );
  }
  const { total = 0, completed = 0, failed = 0 } = request_counts ?? {};
  return { hasEnded: ends.has(status), done: completed + failed, total: Math.min(total, maxRequests) };
};

async function* results(
  api: JsonApi,
  settings: WireSettings,
  batchId: string,
  run: Run,
): ReturnType<BatchService['results']> & AsyncGenerator {
  const { output_file_id, error_file_id } = await batchAt(api, batchId, run);
  const reader = lineReader(settings, api, run);
  for (const file of [output_file_id, error_file_id]) {
    if (typeof file !== 'string' || file === '') continue;
    yield* guardedCall(api, run, (signal) => linesOf(api, reader, file, signal));
  }
}

async function* linesOf(api: JsonApi, reader: LineReader, file: string, signal: AbortSignal): ReturnType<LineReader> {
  const path = `/files/${encodeURIComponent(file)}/content`;
  for await (const line of await httpLines(api.request(path, undefined, signal))) yield* reader(line);
}
