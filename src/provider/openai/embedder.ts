import {
  checkAtLeast,
  defineStepWith,
  type Embedder,
  noUsage,
  PipewrightError,
  type Run,
  type Usage,
} from '../../core/index.js';
import { costOf, estimateTokens, limitsOf, type ModelPrice, priceOf } from '../../model/index.js';
import { checkBaseUrl, guardedCall } from '../shared/index.js';
import { type OpenAIClient, openaiClient } from './client.js';
import { batchesOf, cutText } from './embedding-input.js';
import { toVector, type WireVector } from './embedding-vector.js';

export interface OpenAIEmbedderOptions {
  /** @default the environment variable OPENAI_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Embeddings API; one on this machine needs no key. @default https://api.openai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Numbers in a vector; `text-embedding-3` can be asked for fewer. @default what the model gives, where it is known */
  readonly dimensions?: number;
  /** Texts in one request. @default 2048 */
  readonly maxBatch?: number;
  /** Longer texts are cut. @default what is known of the model */
  readonly maxInputTokens?: number;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
}

/** Dimensions of the vectors by model, from the model pages of developers.openai.com. */
const knownDimensions: ReadonlyMap<string, number> = new Map([
  ['text-embedding-3-small', 1536],
  ['text-embedding-3-large', 3072],
  ['text-embedding-ada-002', 1536],
]);

interface Settings {
  readonly id: string;
  readonly model: string;
  readonly dimensions: number;
  /** Sent only where the model was asked for a number of its own. */
  readonly wireDimensions: number | undefined;
  readonly maxBatch: number;
  readonly maxInputTokens: number | undefined;
  readonly price: ModelPrice | undefined;
}

/**
 * An embedder of OpenAI, or of any server with the same Embeddings API. Any number of texts goes in one call; it is sent in as
 * few requests as the API allows. Vectors have length 1. Throws as `openai` does.
 * @example openaiEmbedder('text-embedding-3-small').dimensions // => 1536
 */
export const openaiEmbedder = (model: string, options: OpenAIEmbedderOptions = {}): Embedder => {
  const { apiKey, baseUrl, headers, maxBatch = 2048 } = options;
  checkBaseUrl(baseUrl);
  checkAtLeast('maxBatch', maxBatch, 1);
  const id = `openai:${model}`;
  const known = knownDimensions.get(model);
  const dimensions = options.dimensions ?? known;
  if (dimensions === undefined) {
    throw new PipewrightError('bad-option', `The size of the vectors of ${id} is not known. Pass \`dimensions\`.`);
  }
  checkAtLeast('dimensions', dimensions, 1);
  const client = openaiClient({ id, apiKey, baseUrl, headers });
  const maxInputTokens = options.maxInputTokens ?? limitsOf(model).contextTokens;
  const settings: Settings = {
    id,
    model,
    dimensions,
    wireDimensions: known !== undefined && known !== dimensions ? dimensions : undefined,
    maxBatch,
    maxInputTokens,
    price: options.price ?? priceOf(model),
  };
  return defineStepWith<readonly string[], readonly Float32Array[], Omit<Embedder, keyof CallableFunction>>(
    { kind: 'embedder', name: id },
    { id, dimensions, ...(maxInputTokens === undefined ? {} : { maxInputTokens }) },
    (texts, run) => embedAll(client, settings, texts, run),
  );
};

const embedAll = async (
  client: OpenAIClient,
  settings: Settings,
  texts: readonly string[],
  run: Run,
): Promise<readonly Float32Array[]> => {
  const { id, maxInputTokens, maxBatch } = settings;
  texts.forEach((text: unknown, place) => {
    if (typeof text === 'string') return;
    throw new PipewrightError('bad-input', `${id} embeds texts; item ${place} is of the type ${typeof text}.`);
  });
  const vectors: Float32Array[] = [];
  for (const batch of batchesOf(texts, maxBatch)) {
    const cut = maxInputTokens === undefined ? batch : batch.map((text) => cutText(text, maxInputTokens));
    vectors.push(...(await embedBatch(client, settings, cut, run)));
  }
  return vectors;
};

/** One request, counted like any model call. */
const embedBatch = async (
  client: OpenAIClient,
  settings: Settings,
  texts: readonly string[],
  run: Run,
): Promise<readonly Float32Array[]> => {
  const { id, price } = settings;
  run.throwIfAborted();
  const estimate = (): Usage => ({
    inputTokens: texts.reduce((sum, text) => sum + estimateTokens(text), 0),
    outputTokens: 0,
    isEstimated: true,
  });
  const held = run.meter.isLimited ? estimate() : noUsage;
  const costUsdOf = (usage: Usage): number | undefined => (price === undefined ? undefined : costOf(usage, price));
  const hold = run.meter.reserve({ label: id, tokens: held.inputTokens, costUsd: costUsdOf(held) });
  const settle = (usage: Usage): void => {
    const costUsd = costUsdOf(usage);
    hold.settle(usage, costUsd);
    run.emit({ type: 'usage', model: id, usage, ...(costUsd === undefined ? {} : { costUsd }) });
  };
  let usage: Usage = noUsage;
  try {
    const info = { id, secrets: client.secrets };
    for await (const reply of guardedCall(info, run, (signal) => request(client, settings, texts, signal))) {
      const inputTokens = reply.usage?.prompt_tokens;
      usage = inputTokens === undefined ? estimate() : { inputTokens, outputTokens: 0 };
      return vectorsOf(settings, texts, reply);
    }
    throw new PipewrightError('model-failed', `${id} sent no vectors. Try again.`, { retryable: true });
  } finally {
    settle(usage);
  }
};

/** The API refuses empty texts; a space says as little. */
const notEmpty = (text: string): string => (text === '' ? ' ' : text);

interface WireReply {
  readonly data?: readonly { readonly index?: number; readonly embedding: WireVector }[];
  readonly usage?: { readonly prompt_tokens?: number };
}

async function* request(
  client: OpenAIClient,
  { model, wireDimensions }: Settings,
  texts: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<WireReply, void, undefined> {
  const { embeddings } = await client.get();
  const size = wireDimensions === undefined ? {} : { dimensions: wireDimensions };
  // Asked for base64, the SDK hands it over as it came: a quarter of the bytes of decimal numbers, and no list in between.
  const body = { model, input: texts.map(notEmpty), encoding_format: 'base64' as const, ...size };
  yield (await embeddings.create(body, { signal })) as unknown as WireReply;
}

const vectorsOf = (
  { id, dimensions }: Settings,
  texts: readonly string[],
  { data = [] }: WireReply,
): Float32Array[] => {
  const vectors: (Float32Array | undefined)[] = texts.map(() => undefined);
  data.forEach(({ index, embedding }, place) => {
    vectors[index ?? place] = toVector(embedding);
  });
  return vectors.map((vector, place) => {
    if (vector === undefined) {
      const count = `${data.length} vectors for ${texts.length} texts`;
      throw new PipewrightError('model-failed', `${id} sent ${count}; none for text ${place}. Try again.`, {
        retryable: true,
      });
    }
    if (vector.length === dimensions) return vector;
    throw new PipewrightError(
      'bad-option',
      `${id} sent vectors of ${vector.length} numbers, but \`dimensions\` is ${dimensions}. Set it to ${vector.length}.`,
    );
  });
};
