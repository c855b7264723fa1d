import {
  checkDocument,
  checkVector,
  createRun,
  type DocumentStore,
  embeddedText,
  embedTexts,
  type Filter,
  type Metadata,
  PipewrightError,
  type Run,
  toVector,
  type VectorEntry,
  yieldToEventLoop,
} from '../core/index.js';
import { type Collection, checkOpen } from './collection.js';
import { copyMetadata, encodeDocument } from './entry.js';
import type { RecordBatch } from './records.js';
import { eachInSlices } from './slices.js';

/** So many entries make one batch: large calls are written in several, each whole or not at all. */
const batchEntries = 500;

const batchesOf = function* <T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += batchEntries) yield items.slice(start, start + batchEntries);
};

const vectorName = (id: string): string => `The vector of \`${id}\``;

/** Throws for any bad entry of the call, before anything of it is written. */
const checkEntries = async (
  { shape, embedder, isTimeUp }: Collection,
  entries: readonly VectorEntry[],
  run: Run,
): Promise<void> => {
  if (!Array.isArray(entries)) throw new PipewrightError('bad-input', 'The entries must be a list.');
  const check = (entry: VectorEntry, index: number): void => {
    checkDocument(entry, index);
    if (entry.vector !== undefined) {
      checkVector(entry.vector, shape, vectorName(entry.id));
      return;
    }
    if (embedder !== undefined) return;
    throw new PipewrightError(
      'bad-input',
      `The entry \`${entry.id}\` has no vector, and the collection has no embedder to make one. Give either.`,
    );
  };
  await eachInSlices(entries as readonly VectorEntry[], check, run, isTimeUp);
};

const checkNew = ({ table }: Collection, entries: readonly VectorEntry[]): void => {
  const seen = new Set<string>();
  for (const { id } of entries) {
    if (seen.has(id) || table.rowOf(id) !== undefined) {
      const place = seen.has(id) ? 'twice in this call' : 'there already';
      throw new PipewrightError(
        'duplicate-id',
        `The id \`${id}\` is ${place}. Nothing was added; use upsert to replace.`,
      );
    }
    seen.add(id);
  }
};

/** The vectors of a batch, in order: those that were given, and the embedder's for the others. */
const vectorsOf = async (
  { shape, embedder, isTimeUp }: Collection,
  batch: readonly VectorEntry[],
  run: Run,
): Promise<Float32Array[]> => {
  const bare = batch.filter(({ vector }) => vector === undefined);
  const made =
    embedder === undefined || bare.length === 0 ? [] : await embedTexts(embedder, bare.map(embeddedText), run);
  const vectors: Float32Array[] = [];
  let used = 0;
  const take = ({ id, vector }: VectorEntry): void => {
    vectors.push(toVector(vector ?? (made[used++] as Float32Array), shape, vectorName(id)));
  };
  await eachInSlices(batch, take, run, isTimeUp);
  return vectors;
};

/** Writes a batch to the store, then does what shows it to searches. */
const commit = async (collection: Collection, batch: RecordBatch, show: () => void): Promise<void> => {
  const work = async (): Promise<void> => {
    collection.meta = (await collection.records?.write(batch)) ?? batch.meta;
    show();
  };
  const written = work();
  collection.written = written.catch(() => undefined);
  await written;
};

const takeOut = ({ table, space, documents }: Collection, row: number): void => {
  documents.delete(table.keyOf(row));
  table.remove(row);
  if (space.remove(row)) table.release(row);
};

const putBatch = async (collection: Collection, batch: readonly VectorEntry[], run: Run): Promise<void> => {
  const { table, space, documents, meta, indexer } = collection;
  const vectors = await vectorsOf(collection, batch, run);
  const texts: Uint8Array[] = [];
  const metadatas: (Metadata | undefined)[] = [];
  const encode = (entry: VectorEntry): void => {
    texts.push(encodeDocument(entry));
    metadatas.push(copyMetadata(entry.metadata));
  };
  await eachInSlices(batch, encode, run, collection.isTimeUp);
  const replaced = batch.flatMap(({ id }) => table.rowOf(id) ?? []);
  const count = table.count - replaced.length + batch.length;
  space.reserve(count, Math.max(0, batch.length - table.freeCount));
  const puts: RecordBatch['puts'] = batch.map((_, i) => [
    meta.nextKey + i,
    texts[i] as Uint8Array,
    vectors[i] as Float32Array,
  ]);
  const next: RecordBatch = {
    meta: { ...meta, nextKey: meta.nextKey + batch.length, count, lastChangedMs: run.clock.now() },
    puts,
    deletes: replaced.map(table.keyOf),
  };
  await commit(collection, next, () => {
    for (const row of replaced) takeOut(collection, row);
    for (const [i, [key, text, vector]] of puts.entries()) {
      documents.put(key, text);
      space.set(table.add({ id: (batch[i] as VectorEntry).id, key, metadata: metadatas[i] }), vector);
    }
  });
  indexer.wake();
};

const deleteRows = async (collection: Collection, rows: ArrayLike<number>, run: Run): Promise<number> => {
  const { table, indexer } = collection;
  for (const part of batchesOf(Array.from(rows))) {
    run.throwIfAborted();
    const count = table.count - part.length;
    const meta = { ...collection.meta, count, lastChangedMs: run.clock.now() };
    await commit(collection, { meta, puts: [], deletes: part.map(table.keyOf) }, () => {
      for (const row of part) takeOut(collection, row);
    });
    await yieldToEventLoop();
  }
  indexer.wake();
  return rows.length;
};

/** The operations that change a collection. They take turns. */
export const createWriter = (collection: Collection): Pick<DocumentStore, 'add' | 'upsert' | 'delete'> => {
  const { lock, table } = collection;
  const inTurn = async <T>(run: Run | undefined, work: (run: Run) => Promise<T>): Promise<T> => {
    checkOpen(collection);
    const ownRun = run ?? createRun();
    return lock.run(async () => {
      ownRun.throwIfAborted();
      return work(ownRun);
    }, run?.signal);
  };
  const put = async (entries: readonly VectorEntry[], run: Run): Promise<void> => {
    for (const batch of batchesOf(entries)) {
      run.throwIfAborted();
      await putBatch(collection, batch, run);
      // A loop of small calls that waits for nothing else must not hold the event loop either.
      if (collection.isTimeUp()) await yieldToEventLoop();
    }
  };
  return {
    add: async (entries, run) =>
      inTurn(run, async (ownRun) => {
        await checkEntries(collection, entries, ownRun);
        checkNew(collection, entries);
        await put(entries, ownRun);
      }),
    upsert: async (entries, run) =>
      inTurn(run, async (ownRun) => {
        await checkEntries(collection, entries, ownRun);
        // Of entries with the same id the last one counts.
        await put([...new Map(entries.map((entry) => [entry.id, entry])).values()], ownRun);
      }),
    delete: async (which, run) =>
      inTurn(run, async (ownRun) => {
        if (!Array.isArray(which)) return deleteRows(collection, table.select(which as Filter).rows(), ownRun);
        const rows = new Set((which as readonly string[]).flatMap((id) => table.rowOf(id) ?? []));
        return deleteRows(collection, [...rows], ownRun);
      }),
  };
};
