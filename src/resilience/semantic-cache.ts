import {
  type AnyStep,
  checkAtLeast,
  createRun,
  decorate,
  type Embedder,
  PipewrightError,
  type Run,
  type StepInput,
  type StepOutput,
  type VectorStore,
} from '../core/index.js';
import type { CacheMemoryOptions } from './cache.js';
import { cacheCell, callCached, isComplete } from './cache-call.js';
import { type Cached, forget, withControl } from './cache-control.js';
import { cacheKeys, hashOf, identityOf } from './cache-key.js';
import type { CacheShelf } from './cache-shelf.js';
import { memoryIndex, type Place, type SemanticIndex, storeIndex } from './semantic-cache-index.js';
import { decisiveWords } from './semantic-cache-guard.js';
import { splitChat, type SplitInput } from './semantic-cache-split.js';

export interface SemanticCacheOptions<In = never, Out = unknown> {
  /** Turns questions into vectors. */
  readonly embedder: Embedder;
  /** How near a question must be to one that was answered: the cosine, at most 1. It depends on the embedder. @default 0.95 */
  readonly threshold?: number;
  /** What keeps answers apart beside the input, such as a tenant; they can be invalidated together. @default one for all */
  readonly scope?: (input: In, run: Run) => unknown;
  /** The text that is compared, and the rest of the input, which must be equal. @default of a chat the text of the last user message */
  readonly split?: (input: In) => SplitInput;
  /** How long an answer is good. `Infinity` for ever. @default 3_600_000 (an hour) */
  readonly ttlMs?: number;
  /** Bounds of the cache in memory; the answer that was not asked for the longest goes first. */
  readonly memory?: CacheMemoryOptions;
  /** Where answers lie instead of in memory: on disk, or shared by several processes. A collection of its own, for this cache and embedder. */
  readonly vectors?: VectorStore;
  /** Whether this answer may be kept. @default all, but no model reply that was cut by a limit or a filter */
  readonly shouldCache?: (output: Out) => boolean;
}

/**
 * Answers a question from the cache when one of like meaning was answered before. Only the text of the last user message may
 * differ: model, scope, system prompt, earlier messages, tools and parameters must be equal, and so must the numbers,
 * negations, names and words with an opposite in the text, in the same order. `cache-hit` tells the similarity. For the rest it
 * behaves like `cache`; an embedder that fails costs a `warning`, never the call.
 * @throws {PipewrightError} `bad-option`; a call rejects with `bad-input` when the input is no chat and `split` is not given.
 * @example
 * const embedder = Object.assign(async (texts) => texts.map(() => new Float32Array([1])), { id: 'all alike', dimensions: 1 });
 * const ask = semanticCache(async (question) => `You ask: ${question}`, { embedder });
 * await ask('Is it far?');
 * await ask('Is it a long way?') // => 'You ask: Is it far?'
 */
export const semanticCache = <S extends AnyStep>(
  step: S,
  options: SemanticCacheOptions<StepInput<S>, StepOutput<S>>,
): Cached<S> => {
  const {
    embedder,
    threshold = 0.95,
    scope = () => undefined,
    split = splitChat,
    ttlMs = 3_600_000,
    vectors,
  } = options;
  const { maxEntries = 1_000, maxBytes = 64 * 1024 * 1024 } = options.memory ?? {};
  if (!(threshold > 0 && threshold <= 1)) {
    throw new PipewrightError('bad-option', `\`threshold\` must be above 0 and at most 1, got ${threshold}.`);
  }
  checkAtLeast('ttlMs', ttlMs, 1);
  checkAtLeast('memory.maxEntries', maxEntries, 1);
  checkAtLeast('memory.maxBytes', maxBytes, 1);
  const index =
    vectors === undefined ? memoryIndex({ threshold, maxEntries, maxBytes }) : storeIndex(vectors, threshold);
  const exact = (input: StepInput<S>): unknown => {
    const { text, rest } = split(input);
    return [rest, decisiveWords(text)];
  };
  const keys = cacheKeys<StepInput<S>, Run>(`${embedder.id} ${identityOf(step)}`, exact, scope);
  const placeOf = (input: StepInput<S>, run: Run): Place => {
    const bucket = `${keys.keyOf(input, run)}/`;
    return { bucket, key: bucket + hashOf(split(input).text) };
  };
  const shouldCache = (options.shouldCache ?? isComplete) as (output: unknown) => boolean;
  const cell = cacheCell({ memory: undefined, ttlMs, staleMs: 0, shouldCache });
  const place = vectors === undefined ? { place: 'memory', maxEntries, maxBytes } : { place: 'vector store' };
  const details = { ...place, embedder: embedder.id, threshold, ttlMs };
  const decorated = decorate(step, { kind: 'semantic-cache', details }, async (input, run, inner) => {
    const at = placeOf(input, run);
    const shelf = shelfFor(index, at, split(input).text, embedder);
    return callCached({ cell, key: at.key, shelf, work: async (shared) => inner(input, shared) }, run);
  });
  return withControl(decorated, {
    stats: () => ({ ...cell.counts, ...index.stats() }),
    keyOf: (input, run = createRun()) => placeOf(input, run).key,
    invalidate: (selection) => {
      cell.generation += 1;
      return forget(index, keys.prefixOf, selection);
    },
  });
};

/** The shelf as one question sees it: its vector is made once, and only when it is needed. */
const shelfFor = (index: SemanticIndex, place: Place, text: string, embedder: Embedder): CacheShelf => {
  let vector: Promise<Float32Array> | undefined;
  const vectorIn = (run: Run): Promise<Float32Array> => {
    vector ??= embedder([text], run).then(([first]) => {
      if (first !== undefined) return first;
      throw new PipewrightError('output-invalid', `\`${embedder.id}\` gave no vector for a text.`);
    });
    return vector;
  };
  return {
    get: async (_key, run) => (await index.same(place)) ?? index.nearest(place, await vectorIn(run), run),
    put: async (_key, entry, _ttlMs, run) => index.add(place, await vectorIn(run), entry, run),
  };
};
