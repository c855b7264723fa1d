import {
  type AnyStep,
  checkAtLeast,
  createRun,
  decorate,
  PipewrightError,
  type Run,
  type Store,
  type StepInput,
  type StepOutput,
} from '../core/index.js';
import { cacheCell, callCached, isComplete } from './cache-call.js';
import { type Cached, forget, withControl } from './cache-control.js';
import { cacheKeys, hasNamelessPart, identityOf } from './cache-key.js';
import { memoryShelf, memoryTexts, storeShelf } from './cache-shelf.js';

export interface CacheOptions<In = never, Out = unknown> {
  /** Where answers lie: on disk, or shared by several processes. @default the memory of this process */
  readonly store?: Store;
  /** Bounds of the cache in memory; the answer that was not asked for the longest goes first. A store has bounds of its own. */
  readonly memory?: CacheMemoryOptions;
  /** How long an answer is good. `Infinity` for ever. @default 3_600_000 (an hour) */
  readonly ttlMs?: number;
  /** How long after that it is still given out, while one call in the background fetches a new one. @default 0 */
  readonly staleMs?: number;
  /** Answers of caches with the same name and store are shared. Change it when the answers change. @default kinds, names and settings of the step's parts */
  readonly name?: string;
  /** What of the input counts: plain data. @default all of it */
  readonly key?: (input: In, run: Run) => unknown;
  /** What keeps answers apart beside the input, such as a tenant; they can be invalidated together. @default one for all */
  readonly scope?: (input: In, run: Run) => unknown;
  /** Whether this answer may be kept. @default all, but no model reply that was cut by a limit or a filter */
  readonly shouldCache?: (output: Out) => boolean;
}

export interface CacheMemoryOptions {
  /** @default 1_000 */
  readonly maxEntries?: number;
  /** Of keys and answers together. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
}

/**
 * Answers equal inputs from a cache. Equal calls at the same time become one; whoever is aborted leaves alone, and when the
 * last one has left the call is aborted. Every caller gets a copy of its own, and a listener sees the text of a cached reply as
 * if it were streamed. A hit spends nothing in the run; the reply still says what it took when it was made. Failures are
 * never kept, and a store that fails or hangs costs a `warning`, never the call.
 * @throws {PipewrightError} `bad-option`; a call rejects with `bad-input` when no key can be made of its input.
 * @example const shout = cache((text: string) => text.toUpperCase()); await shout('a'); await shout('a'); shout.cache.stats().hits // => 1
 */
export const cache = <S extends AnyStep>(
  step: S,
  options: CacheOptions<StepInput<S>, StepOutput<S>> = {},
): Cached<S> => {
  const { ttlMs = 3_600_000, staleMs = 0, store, key = (input) => input, scope = () => undefined } = options;
  const { maxEntries = 1_000, maxBytes = 64 * 1024 * 1024 } = options.memory ?? {};
  checkAtLeast('ttlMs', ttlMs, 1);
  checkAtLeast('staleMs', staleMs, 0);
  checkAtLeast('memory.maxEntries', maxEntries, 1);
  checkAtLeast('memory.maxBytes', maxBytes, 1);
  if (store !== undefined && options.name === undefined && hasNamelessPart(step)) {
    throw new PipewrightError(
      'bad-option',
      'A cache in a store needs a `name` when a part of its step is a function without one: what it answers cannot be told from what others answer.',
    );
  }
  const keys = cacheKeys<StepInput<S>, Run>(options.name ?? identityOf(step), key, scope);
  const texts = memoryTexts({ maxEntries, maxBytes });
  const memory = store === undefined ? texts : undefined;
  const shelf = store === undefined ? memoryShelf(texts) : storeShelf(store);
  const shouldCache = (options.shouldCache ?? isComplete) as (output: unknown) => boolean;
  const cell = cacheCell({ memory, ttlMs, staleMs, shouldCache });
  const place = store === undefined ? { place: 'memory', maxEntries, maxBytes } : { place: 'store' };
  const details = { ...place, ttlMs, ...(staleMs === 0 ? {} : { staleMs }) };
  const decorated = decorate(step, { kind: 'cache', details }, (input, run, inner) => {
    const work = async (shared: Run): Promise<unknown> => inner(input, shared);
    return callCached({ cell, key: keys.keyOf(input, run), shelf, work }, run);
  });
  return withControl(decorated, {
    stats: () => ({ ...cell.counts, ...memory?.stats() }),
    keyOf: (input, run = createRun()) => keys.keyOf(input, run),
    invalidate: (selection) => {
      // What is under way was asked for before, and must not be kept afterwards.
      cell.generation += 1;
      return forget(shelf, keys.prefixOf, selection);
    },
  });
};
