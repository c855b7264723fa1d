import {
  checkDocument,
  createRun,
  type DocumentStore,
  type Metadata,
  PipewrightError,
  type Run,
  sliceTimer,
  type VectorEntry,
  yieldToEventLoop,
} from '../core/index.js';
import { type Collection, checkOpen, embed } from './collection.js';
import { copyMetadata, encodeDocument } from './entry.js';
import type { RecordBatch } from './records.js';
import { checkVector, toVector } from './vectors.js';

/** So many entries make one batch: large calls are written in several, each whole or not at all. */
const batchEntries = 500;

/** Calls `visit` for each item, slice by slice. */
const eachInSlices = async <T>(
  items: Iterable<T>,
  run: Run,
  visit: (item: T, index: number) => void,
): Promise<void> => {
  const isTimeUp = sliceTimer();
  let index = 0;
  for (const item of items) {
    visit(item, index++);
    if (isTimeUp()) {
      await yieldToEventLoop();
      run.throwIfAborted();
    }
  }
};

const batchesOf = function* <T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += batchEntries) yield items.slice(start, start + batchEntries);
};

const vectorName = (id: string): string => `The vector of \`${id}\``;

/** Throws for any bad entry of the call, before anything of it is written. */
const checkEntries = async (
  { shape, embedder }: Collection,
  entries: readonly VectorEntry[],
  run: Run,
): Promise<void> => {
  if (!Array.isArray(entries)) throw new PipewrightError('bad-input', 'The entries must be a list.');
  await eachInSlices(entries as readonly VectorEntry[], run, (entry, index) => {
    checkDocument(entry, index);
    if (entry.vector !== undefined) return checkVector(entry.vector, shape, vectorName(entry.id));
    if (embedder !== undefined) return;
    throw new PipewrightError(
      'bad-input',
      `The entry \`${entry.id}\` has no vector, and the collection has no embedder to make one. Give either.`,
    );
  });
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

/** What an embedder reads of a document. A title often names what the text only points at. */
const embeddedText = ({ title, text }: VectorEntry): string => (title === undefined ? text : `${title}\n${text}`);

/** The vectors of a batch, in order: those that were given, and the embedder's for the others. */
const vectorsOf = async (
  { shape, embedder }: Collection,
  batch: readonly VectorEntry[],
  run: Run,
): Promise<Float32Array[]> => {
  const bare = batch.filter(({ vector }) => vector === undefined);
  const made = embedder === undefined || bare.length === 0 ? [] : await embed(embedder, bare.map(embeddedText), run);
  const vectors: Float32Array[] = [];
  let used = 0;
  await eachInSlices(batch, run, ({ id, vector }) => {
    vectors.push(toVector(vector ?? (made[used++] as Float32Array), shape, vectorName(id)));
  });
  return vectors;
};

/** Writes a batch to the store, and shows it to searches once it is durable. */
const putBatch = async (collection: Collection, batch: readonly VectorEntry[], run: Run): Promise<void> => {
  const { records, table, indexer, meta } = collection;
  const vectors = await vectorsOf(collection, batch, run);
  const documents: Uint8Array[] = [];
  const metadatas: (Metadata | undefined)[] = [];
  await eachInSlices(batch, run, (entry) => {
    documents.push(encodeDocument(entry));
    metadatas.push(copyMetadata(entry.metadata));
  });
  const replaced = batch.flatMap(({ id }) => table.rowOf(id) ?? []);
  const next: RecordBatch = {
    meta: { ...meta, nextKey: meta.nextKey + batch.length, lastChangedMs: run.clock.now() },
    puts: batch.map((_, i) => [meta.nextKey + i, documents[i] as Uint8Array, vectors[i] as Float32Array]),
    deletes: replaced.flatMap((row) => table.at(row)?.key ?? []),
  };
  await records.write(next);
  collection.meta = next.meta;
  for (const [i, [key, , vector]] of next.puts.entries()) {
    const { id } = batch[i] as VectorEntry;
    if (table.rowOf(id) !== undefined) indexer.removed(table.remove(id));
    indexer.added(table.add({ id, key, metadata: metadatas[i] }, vector));
  }
  indexer.wake();
};

const deleteIds = async (collection: Collection, ids: readonly string[], run: Run): Promise<number> => {
  const { records, table, indexer } = collection;
  const present = [...new Set(ids)].filter((id) => table.rowOf(id) !== undefined);
  for (const batch of batchesOf(present)) {
    run.throwIfAborted();
    const deletes = batch.flatMap((id) => table.at(table.rowOf(id) ?? -1)?.key ?? []);
    const meta = { ...collection.meta, lastChangedMs: run.clock.now() };
    await records.write({ meta, puts: [], deletes });
    collection.meta = meta;
    for (const id of batch) indexer.removed(table.remove(id));
    await yieldToEventLoop();
  }
  indexer.wake();
  return present.length;
};

/** The operations that change a collection. They take turns. */
export const createWriter = (collection: Collection): Pick<DocumentStore, 'add' | 'upsert' | 'delete'> => {
  const { lock, table, searcher } = collection;
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
        if (Array.isArray(which)) return deleteIds(collection, which as readonly string[], ownRun);
        const rows = await searcher.matching(which as Exclude<typeof which, readonly string[]>, ownRun);
        return deleteIds(
          collection,
          rows.flatMap((row) => table.at(row)?.id ?? []),
          ownRun,
        );
      }),
  };
};
