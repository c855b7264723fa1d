import {
  callStep,
  decorate,
  type Embedder,
  messageOf,
  PipewrightError,
  raceAbort,
  type Run,
  scrubText,
  type Store,
  type StepLike,
} from '../core/index.js';
import { checkCount } from './check-count.js';
import { checkText } from './embed-each.js';
import { type VectorShelf, vectorShelf } from './vector-shelf.js';

export interface CachedEmbedderOptions {
  /** Vectors that the store keeps at most, of all embedders that share it. @default 1_000_000 */
  readonly maxEntries?: number;
}

/** A text that is being embedded: others who want it wait. Settles without a vector when that came to nothing. */
type Flight = Promise<Float32Array | undefined>;

interface Cached {
  readonly embedder: Embedder;
  readonly shelf: VectorShelf;
  readonly flights: Map<string, Flight>;
}

/**
 * An embedder that keeps the vector of every text in a store, and asks the one inside only for texts that it has not seen: a
 * changed folder is embedded anew for what changed. Entries belong to the embedder's `id` and the exact text. A text that two
 * calls want at once is embedded once; when the first one fails or is aborted, the second asks for itself. An entry that is
 * damaged is made anew, and a store that fails costs a `warning`, never the call. Beyond `maxEntries` a tenth of the entries goes,
 * picked by chance. A hit spends nothing in the run.
 * @throws {PipewrightError} `bad-option` when `maxEntries` is no whole number of at least 1.
 * @example cachedEmbedder(embedder, await diskStore('./embeddings'))
 */
export const cachedEmbedder = <E extends Embedder>(
  embedder: E,
  store: Store,
  options: CachedEmbedderOptions = {},
): E => {
  const { maxEntries = 1_000_000 } = options;
  checkCount('maxEntries', maxEntries, 1);
  const shelf = vectorShelf(store, { id: embedder.id, dimensions: embedder.dimensions, maxEntries });
  const cached: Cached = { embedder, shelf, flights: new Map() };
  return decorate<Embedder>(
    embedder,
    { kind: 'cached-embedder', details: { maxEntries } },
    async (texts: readonly string[], run) => {
      const keys = texts.map((text, at) => {
        checkText(text, at);
        return shelf.keyOf(text);
      });
      const vectors = await vectorsOf(cached, new Map(keys.map((key, at) => [key, texts[at] as string])), run);
      // A copy for each: equal texts must not share their numbers.
      return keys.map((key) => (vectors.get(key) as Float32Array).slice());
    },
  ) as E;
};

/** Finds, awaits or makes the vectors of some texts by their keys. */
const vectorsOf = async (
  cached: Cached,
  wanted: Map<string, string>,
  run: Run,
): Promise<ReadonlyMap<string, Float32Array>> => {
  const vectors = new Map<string, Float32Array>();
  const take = (key: string, vector: Float32Array | undefined): void => {
    if (vector === undefined) return;
    vectors.set(key, vector);
    wanted.delete(key);
  };
  const found = await guarded(run, 'be read', () => cached.shelf.get([...wanted.keys()], run));
  for (const [key, vector] of found ?? []) take(key, vector);
  if (run.isWatched) for (const key of vectors.keys()) run.emit({ type: 'cache-hit', key });
  while (wanted.size > 0) {
    const others = [...wanted.keys()].flatMap((key) => {
      const flight = cached.flights.get(key);
      return flight === undefined ? [] : [{ key, flight }];
    });
    const underWay = new Set(others.map(({ key }) => key));
    const own = [...wanted].filter(([key]) => !underWay.has(key));
    if (own.length > 0) for (const [key, vector] of await embedNew(cached, own, run)) take(key, vector);
    for (const { key, flight } of others) take(key, await raceAbort(flight, run));
  }
  return vectors;
};

const embedNew = async (
  { embedder, shelf, flights }: Cached,
  entries: readonly (readonly [key: string, text: string])[],
  run: Run,
): Promise<readonly (readonly [key: string, vector: Float32Array])[]> => {
  const made = embedTexts(embedder, entries, run);
  const flightOf = async (at: number): Flight =>
    made.then(
      (vectors) => vectors[at],
      () => undefined,
    );
  for (const [at, [key]] of entries.entries()) flights.set(key, flightOf(at));
  try {
    const vectors = await made;
    const results = entries.map(([key], at) => [key, vectors[at] as Float32Array] as const);
    await guarded(run, 'be written', () => shelf.put(results, run));
    return results;
  } finally {
    for (const [key] of entries) flights.delete(key);
  }
};

const embedTexts = async (
  embedder: Embedder,
  entries: readonly (readonly [key: string, text: string])[],
  run: Run,
): Promise<readonly Float32Array[]> => {
  if (run.isWatched) for (const [key] of entries) run.emit({ type: 'cache-miss', key });
  const step: StepLike<readonly string[], readonly Float32Array[]> = embedder;
  const texts = entries.map(([, text]) => text);
  const vectors = await callStep(step, texts, run);
  const isWhole = vectors.length === texts.length && vectors.every(({ length }) => length === embedder.dimensions);
  if (isWhole) return vectors;
  const message = `The embedder ${embedder.id} did not return one vector of ${embedder.dimensions} numbers for each of ${texts.length} texts.`;
  throw new PipewrightError('output-invalid', message);
};

/** Work on the store that may fail: then the call goes on without it. */
const guarded = async <T>(run: Run, what: string, work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await raceAbort(work(), run);
  } catch (error) {
    run.throwIfAborted();
    const message = `The cache of vectors could not ${what}, and the call went on without it: ${scrubText(messageOf(error))}`;
    run.emit({ type: 'warning', message });
    return undefined;
  }
};
