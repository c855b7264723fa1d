import { isPipewrightError, messageOf, type Run, scrubText } from '../core/index.js';
import { type CacheEntry, decodeEntry, encodeEntry } from './cache-entry.js';
import type { CacheShelf, Found, MemoryTexts } from './cache-shelf.js';
import { type ShownRecord, showAgain } from './cache-shown.js';
import { type SingleFlight, singleFlight } from './single-flight.js';
import { withPatience } from './store-patience.js';

interface CellOptions {
  /** What lies on the shelf, where that can be looked into at once. */
  readonly memory: MemoryTexts | undefined;
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly shouldCache: (output: unknown) => boolean;
}

/** One cache: where its entries lie, what is under way, and what it has counted. */
export interface CacheCell extends CellOptions {
  readonly flights: SingleFlight<Landing>;
  readonly counts: { hits: number; misses: number; shared: number };
  /** Goes up with every invalidation. */
  generation: number;
}

/** What came of a shared call: an entry that was there, or a fresh answer with its entry, where it may be kept. */
type Landing =
  | { readonly isHit: true; readonly entry: LiveEntry }
  | { readonly isHit: false; readonly output: unknown; readonly text: string | undefined };

/** One call of a cached step. */
export interface CacheCall {
  readonly cell: CacheCell;
  readonly key: string;
  readonly shelf: CacheShelf;
  readonly work: (run: Run) => Promise<unknown>;
}

export const cacheCell = (options: CellOptions): CacheCell => ({
  ...options,
  flights: singleFlight<Landing>(),
  counts: { hits: 0, misses: 0, shared: 0 },
  generation: 0,
});

/** Whether an answer is whole: a model reply that a limit or a filter has cut is not. */
export const isComplete = (output: unknown): boolean => {
  const reason: unknown =
    typeof output === 'object' && output !== null && 'finishReason' in output ? output.finishReason : 'stop';
  return reason === 'stop' || reason === 'tool-call';
};

/** Answers from the cache, from an equal call under way, or by the work itself. */
export const callCached = async (call: CacheCall, run: Run): Promise<unknown> => {
  const { cell, key } = call;
  const text = cell.memory?.get(key);
  const entry = text === undefined ? undefined : liveEntry(cell, { text }, run);
  if (entry !== undefined) return answerFrom(call, entry, run);
  for (;;) {
    const { isLeader, result } = cell.flights.join(key, run, (shared, shown) => fetchAnswer(call, shared, shown));
    let landing: Landing;
    try {
      landing = await result;
    } catch (error) {
      run.throwIfAborted();
      // The budget of another caller is no reason to refuse this one, who calls for itself.
      if (isLeader || !isOfBudget(error)) throw error;
      continue;
    }
    if (landing.isHit) return answerFrom(call, landing.entry, run);
    if (isLeader) return landing.output;
    cell.counts.shared += 1;
    run.emit({ type: 'cache-hit', key });
    return landing.text === undefined ? landing.output : decodeEntry(landing.text).output;
  }
};

const isOfBudget = (error: unknown): boolean =>
  isPipewrightError(error) && (error.code === 'budget-exceeded' || error.code === 'price-unknown');

/** The shared call: looks onto a shelf that answers later, else does the work and keeps its answer. */
const fetchAnswer = async (
  { cell, key, shelf, work }: CacheCall,
  run: Run,
  shown: () => ShownRecord,
  isRefresh = false,
): Promise<Landing> => {
  if (cell.memory === undefined && !isRefresh) {
    const entry = await guarded(run, 'be read', async () => {
      const found = await shelf.get(key, run);
      return found === undefined ? undefined : liveEntry(cell, found, run);
    });
    if (entry !== undefined) return { isHit: true, entry };
  }
  const { generation } = cell;
  cell.counts.misses += 1;
  run.emit({ type: 'cache-miss', key });
  const output = await work(run);
  const text = encoded(cell, output, shown, run);
  if (text !== undefined && generation === cell.generation) {
    await guarded(run, 'be written', () => shelf.put(key, text, cell.ttlMs + cell.staleMs, run));
  }
  return { isHit: false, output, text };
};

const encoded = (cell: CacheCell, output: unknown, shown: () => ShownRecord, run: Run): string | undefined => {
  if (!cell.shouldCache(output)) return undefined;
  try {
    return encodeEntry({ output, atMs: run.clock.now(), shown: shown() });
  } catch (error) {
    run.emit({ type: 'warning', message: `An answer was not cached: ${messageOf(error)}` });
    return undefined;
  }
};

/** An entry that was found, and how near it was. */
type LiveEntry = CacheEntry & { readonly similarity?: number };

/** The entry, unless its time is over. */
const liveEntry = (cell: CacheCell, { text, similarity }: Found, run: Run): LiveEntry | undefined => {
  const entry = decodeEntry(text);
  if (run.clock.now() >= entry.atMs + cell.ttlMs + cell.staleMs) return undefined;
  return similarity === undefined ? entry : { ...entry, similarity };
};

const answerFrom = (call: CacheCall, entry: LiveEntry, run: Run): unknown => {
  const { cell, key } = call;
  const { similarity } = entry;
  cell.counts.hits += 1;
  if (run.isWatched) {
    run.emit({ type: 'cache-hit', key, ...(similarity === undefined ? {} : { similarity }) });
    showAgain(entry.shown, run);
  }
  if (run.clock.now() >= entry.atMs + cell.ttlMs && !cell.flights.has(key)) refresh(call, run);
  return entry.output;
};

/** Fetches a new answer that nobody waits for: it goes on when the caller has gone, and its failure is only a warning. */
const refresh = (call: CacheCall, run: Run): void => {
  // Events below belong to no caller: nobody must take the text for part of the answer given.
  const own = run.with({ signal: new AbortController().signal, passes: ({ type }) => type === 'usage' });
  const { result } = call.cell.flights.join(call.key, own, (shared, shown) => fetchAnswer(call, shared, shown, true));
  result.catch((error: unknown) => {
    run.emit({ type: 'warning', message: `A stale answer could not be fetched anew: ${messageOf(error)}` });
  });
};

/** Work on the shelf that may fail or hang: then the call goes on without it. */
const guarded = async <T>(run: Run, what: string, work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await withPatience(run, work());
  } catch (error) {
    run.throwIfAborted();
    const message = `The cache could not ${what}, and the call went on without it: ${scrubText(messageOf(error))}`;
    run.emit({ type: 'warning', message });
    return undefined;
  }
};
