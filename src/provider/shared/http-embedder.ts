import { defineStepWith, type Embedder, map, PipewrightError, type Run, type Usage } from '../../core/index.js';
import { estimateTokens, type ModelPrice, metered, type TextBatch } from '../../model/index.js';
import type { JsonApi } from './json-api.js';
import { type BatchLimits, firstNonText, notEmpty, requestBatches } from './text-batches.js';

/** A vector as servers send it: a list of numbers, or base64 of little-endian float32. */
export type WireVector = string | readonly number[];

/** What one request brought. */
export interface EmbeddingReply {
  /** One for each text, in order; where the server sent none, undefined. */
  readonly vectors: readonly (WireVector | undefined)[];
  /** Undefined when the server did not say. */
  readonly inputTokens: number | undefined;
}

export interface HttpEmbedderSettings {
  readonly id: string;
  readonly api: Pick<JsonApi, 'ask'>;
  readonly path: string;
  readonly dimensions: number;
  readonly maxInputTokens: number | undefined;
  readonly limits: BatchLimits;
  /** Requests under way at once. @default 1 */
  readonly concurrency?: number;
  readonly price: ModelPrice | undefined;
  readonly body: (texts: readonly string[]) => unknown;
  readonly read: (data: unknown) => EmbeddingReply;
}

/** An embedder over HTTP: any number of texts, in as few requests as the server's limits allow, each counted. */
export const httpEmbedder = (settings: HttpEmbedderSettings): Embedder => {
  const { id, dimensions, maxInputTokens } = settings;
  return defineStepWith<readonly string[], readonly Float32Array[], Omit<Embedder, keyof CallableFunction>>(
    { kind: 'embedder', name: id },
    { id, dimensions, ...(maxInputTokens === undefined ? {} : { maxInputTokens }) },
    (texts, run) => embedAll(settings, texts, run),
  );
};

/**
 * The size of the vectors, and whether the server has to be told.
 * @throws {PipewrightError} `bad-option` when it is neither given nor known, or is no whole number of at least 1.
 */
export const resolveDimensions = (
  id: string,
  given: number | undefined,
  known: number | undefined,
): { readonly dimensions: number; readonly wireDimensions: number | undefined } => {
  const dimensions = given ?? known;
  if (dimensions === undefined) {
    throw new PipewrightError('bad-option', `The size of the vectors of ${id} is not known. Pass \`dimensions\`.`);
  }
  if (!Number.isInteger(dimensions) || dimensions < 1) {
    throw new PipewrightError('bad-option', `\`dimensions\` must be a whole number of at least 1, got ${dimensions}.`);
  }
  return { dimensions, wireDimensions: known !== undefined && known !== dimensions ? dimensions : undefined };
};

const embedAll = async (
  settings: HttpEmbedderSettings,
  texts: readonly string[],
  run: Run,
): Promise<readonly Float32Array[]> => {
  const { id, limits, concurrency = 1 } = settings;
  const place = firstNonText(texts);
  if (place >= 0) {
    throw new PipewrightError('bad-input', `${id} embeds texts; item ${place} is of the type ${typeof texts[place]}.`);
  }
  const batches = [...requestBatches(texts, limits)];
  const embed = (batch: TextBatch, inner: Run): Promise<readonly Float32Array[]> =>
    embedBatch(settings, batch.texts, inner);
  return (await map(embed, { concurrency })(batches, run)).flat();
};

const embedBatch = (
  { id, api, path, dimensions, price, body, read }: HttpEmbedderSettings,
  texts: readonly string[],
  run: Run,
): Promise<readonly Float32Array[]> => {
  const estimate = (): Usage => ({
    inputTokens: texts.reduce((sum, text) => sum + estimateTokens(text), 0),
    outputTokens: 0,
    isEstimated: true,
  });
  return metered(run, { id, price, estimate }, async () => {
    const { data } = await api.ask(path, body(texts.map(notEmpty)), run);
    const { vectors, inputTokens } = understood(id, () => read(data));
    return {
      value: texts.map((_, place) => checked(id, dimensions, vectors[place], place)),
      usage: inputTokens === undefined ? undefined : { inputTokens, outputTokens: 0 },
    };
  });
};

/** What could be read of a reply; a server may send anything in place of a list. */
const understood = (id: string, read: () => EmbeddingReply): EmbeddingReply => {
  try {
    return read();
  } catch (cause) {
    const message = `${id} sent something that is no list of vectors. Check the base URL, or try again.`;
    throw new PipewrightError('model-failed', message, { retryable: true, cause });
  }
};

const checked = (id: string, dimensions: number, wire: WireVector | undefined, place: number): Float32Array => {
  if (typeof wire !== 'string' && !Array.isArray(wire)) {
    throw new PipewrightError('model-failed', `${id} sent no vector for text ${place} of the request. Try again.`, {
      retryable: true,
    });
  }
  const vector = unitVector(wire);
  if (vector.length === dimensions) return vector;
  throw new PipewrightError(
    'bad-option',
    `${id} sent vectors of ${vector.length} numbers, but \`dimensions\` is ${dimensions}. Set it to ${vector.length}.`,
  );
};

/** The vector with length 1; a vector of zeros stays one. */
const unitVector = (wire: WireVector): Float32Array => {
  const vector = typeof wire === 'string' ? fromBase64(wire) : Float32Array.from(wire);
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  return length === 0 ? vector : vector.map((value) => value / length);
};

const fromBase64 = (text: string): Float32Array => {
  const bytes = Buffer.from(text, 'base64');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength >> 2 }, (_, index) => view.getFloat32(index * 4, true));
};
