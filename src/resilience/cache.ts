import {
  type AnyStep,
  checkAtLeast,
  createRun,
  type Decorated,
  decorate,
  PipewrightError,
  type Run,
  type Store,
  type StepInput,
  type StepOutput,
} from '../core/index.js';
import { type CacheCell, cacheCell, callCached, isComplete } from './cache-call.js';
import { cacheKeys, hasNamelessPart, identityOf } from './cache-key.js';
import { memoryShelf, type MemoryShelfOptions } from './cache-memory.js';
import { storeShelf } from './cache-store.js';

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

export interface CacheStats {
  /** Calls that were answered from the cache. */
  readonly hits: number;
  /** Calls that went through. */
  readonly misses: number;
  /** Calls that were answered by an equal call under way. */
  readonly shared: number;
  /** Answers in memory; undefined for a store. */
  readonly entries?: number;
  /** Their size; undefined for a store. */
  readonly bytes?: number;
  /** Answers that had to go to make room; undefined for a store. */
  readonly evictions?: number;
}

/** What is to be forgotten: one answer by its key, or all of one scope. */
export type CacheSelection = { readonly key: string } | { readonly scope: unknown };

export interface CacheControl<in In> {
  readonly stats: () => CacheStats;
  /** The key under which the answer to this input lies, as `cache-hit` and `cache-miss` tell it. */
  readonly keyOf: (input: In, run?: Run) => string;
  /** Forgets what is selected, or everything; resolves to how many answers there were. Calls under way are not kept either. */
  readonly invalidate: (selection?: CacheSelection) => Promise<number>;
}

/** A cached step: the step itself, with a handle on its cache. */
export type Cached<S extends AnyStep> = Decorated<S> & { readonly cache: CacheControl<StepInput<S>> };

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
  const { shelf, memory } = shelfOf(store, { maxEntries, maxBytes });
  const shouldCache = (options.shouldCache ?? isComplete) as (output: unknown) => boolean;
  const cell = cacheCell({ shelf, memory, ttlMs, staleMs, shouldCache });
  const place = store === undefined ? { place: 'memory', maxEntries, maxBytes } : { place: 'store' };
  const details = { ...place, ttlMs, ...(staleMs === 0 ? {} : { staleMs }) };
  const decorated = decorate(step, { kind: 'cache', details }, (input, run, inner) =>
    callCached(cell, keys.keyOf(input, run), run, async (shared) => inner(input, shared)),
  );
  const control: CacheControl<StepInput<S>> = {
    stats: () => ({ ...cell.counts, ...shelf.stats() }),
    keyOf: (input, run = createRun()) => keys.keyOf(input, run),
    invalidate: (selection) => invalidate(cell, keys.prefixOf, selection),
  };
  return Object.defineProperty(decorated, 'cache', {
    value: control,
    enumerable: true,
    configurable: true,
  }) as Cached<S>;
};

const shelfOf = (store: Store | undefined, bounds: MemoryShelfOptions): Pick<CacheCell, 'shelf' | 'memory'> => {
  if (store !== undefined) return { shelf: storeShelf(store), memory: undefined };
  const memory = memoryShelf(bounds);
  return { shelf: memory, memory };
};

const invalidate = async (
  cell: CacheCell,
  prefixOf: (scope?: unknown) => string,
  selection: CacheSelection | undefined,
): Promise<number> => {
  // What is under way was asked for before, and must not be kept afterwards.
  cell.generation += 1;
  if (selection === undefined) return cell.shelf.deleteAll(prefixOf());
  return 'key' in selection ? cell.shelf.delete(selection.key) : cell.shelf.deleteAll(prefixOf(selection.scope));
};
