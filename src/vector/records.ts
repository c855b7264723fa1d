import {
  type Document,
  PipewrightError,
  randomId,
  type Store,
  type StoreChange,
  systemRandom,
  type Metric,
  type VectorShape,
} from '../core/index.js';
import { decodeDocument } from './entry.js';

/** What the store keeps about the collection, as JSON under `meta`. */
export interface Meta extends VectorShape {
  readonly version: number;
  /** Tells this collection from others. */
  readonly id: string;
  /** Id of the embedder that made the vectors, where one did. */
  readonly embedder?: string;
  /** Key of the next entry; grows with every entry, and none is used twice. */
  readonly nextKey: number;
  /** Number of the next list of deleted keys. */
  readonly nextDeletion: number;
  /** The lists from this one on are still there. */
  readonly firstDeletion: number;
  /** The snapshot that fits this store: a file that does not bear this name is not its own, or is of another time. */
  readonly snapshot?: SnapshotPoint;
  readonly lastChangedMs?: number;
  /** How many entries there are; heads of the first format do not tell. */
  readonly count?: number;
}

/** The moment that a snapshot shows: what came later is told by keys and lists of deleted keys from here on. */
export interface SnapshotPoint {
  readonly name: string;
  readonly nextKey: number;
  readonly nextDeletion: number;
}

const formatVersion = 2;

// `meta`, `d/<key>` for the document as JSON, `v/<key>` for the vector as 32-bit floats, `x/<number>` for keys that were deleted
// since the snapshot, as 64-bit floats. Numbers in base 36 with leading zeros, so that they stand in their order.
const numberText = (number: number): string => number.toString(36).padStart(11, '0');
const documentKey = (key: number): string => `d/${numberText(key)}`;
const vectorKey = (key: number): string => `v/${numberText(key)}`;
const deletionKey = (number: number): string => `x/${numberText(number)}`;
const numberOf = (storeKey: string): number => Number.parseInt(storeKey.slice(2), 36);

/** A copy stands at the start of its buffer, where numbers of any width may lie. */
const copyOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** An entry as the store has it. */
export interface StoredEntry {
  readonly key: number;
  readonly document: Document;
  readonly vector: Float32Array;
}

export interface RecordBatch {
  readonly meta: Meta;
  readonly puts: readonly (readonly [key: number, document: Uint8Array, vector: Float32Array])[];
  readonly deletes: readonly number[];
}

/** Reads and writes the collection's records in a store. */
export interface Records {
  /** What errors call the store. */
  readonly where: string;
  readonly meta: () => Promise<Meta | undefined>;
  /** The entries whose keys are at least this one, in their order. */
  readonly entries: (fromKey: number, dimensions: number) => AsyncIterable<StoredEntry>;
  readonly documents: (fromKey: number) => AsyncIterable<readonly [key: number, document: Document]>;
  readonly document: (key: number) => Promise<Document | undefined>;
  /** For a look at it: the numbers may lie in memory of the store. */
  readonly vector: (key: number, dimensions: number) => Promise<Float32Array | undefined>;
  /** The keys that were deleted since this point. */
  readonly deletedSince: (point: SnapshotPoint) => Promise<ReadonlySet<number>>;
  /** One batch, which happens whole or not at all; returns the head as it is then. */
  readonly write: (batch: RecordBatch) => Promise<Meta>;
  /** Makes this snapshot the collection's own, unless too much was deleted since, and forgets what was deleted before it. */
  readonly pointTo: (meta: Meta, point: SnapshotPoint) => Promise<Meta>;
}

export const damaged = (where: string, what: string): PipewrightError =>
  new PipewrightError('store-damaged', `The collection in ${where} is damaged: ${what}. Fill a new one.`, {
    details: { where },
  });

/** The head of a format that came before, as this one has it. */
const migrated = (meta: Meta): Meta =>
  meta.version === 1 ? { ...meta, version: formatVersion, nextDeletion: 0, firstDeletion: 0 } : meta;

const parseMeta = (bytes: Uint8Array, where: string): Meta => {
  let stored: Meta;
  try {
    stored = JSON.parse(Buffer.from(bytes).toString()) as Meta;
  } catch {
    throw damaged(where, 'its head is no JSON'); // the parser's own words would add nothing
  }
  if (stored.version > formatVersion) {
    throw new PipewrightError(
      'store-newer',
      `The collection in ${where} has format ${stored.version}; this version of pipewright reads up to ${formatVersion}. Update pipewright.`,
      { details: { where } },
    );
  }
  const meta = migrated(stored);
  const numbers = [meta.nextKey, meta.nextDeletion, meta.firstDeletion];
  const isSound =
    meta.version === formatVersion &&
    typeof meta.id === 'string' &&
    meta.dimensions > 0 &&
    numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
  if (!isSound) throw damaged(where, 'its head lacks what it must hold');
  return meta;
};

/** A head for a collection that is new. */
export const newMeta = (dimensions: number, metric: Metric, embedder: string | undefined): Meta => ({
  version: formatVersion,
  id: randomId(systemRandom),
  dimensions,
  metric,
  ...(embedder !== undefined && { embedder }),
  nextKey: 0,
  nextDeletion: 0,
  firstDeletion: 0,
  count: 0,
});

/** The numbers where the bytes are, or a copy of them where floats cannot lie. */
const vectorIn = (bytes: Uint8Array, dimensions: number, id: string, where: string): Float32Array => {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength === dimensions * Float32Array.BYTES_PER_ELEMENT) {
    const isAligned = byteOffset % Float32Array.BYTES_PER_ELEMENT === 0;
    return isAligned ? new Float32Array(buffer, byteOffset, dimensions) : new Float32Array(copyOf(bytes));
  }
  throw damaged(where, `the vector of \`${id}\` does not have ${dimensions} dimensions`);
};

const putMeta = (meta: Meta): StoreChange => ({
  type: 'put',
  key: 'meta',
  value: Buffer.from(JSON.stringify(meta)),
});

/** So many lists of deleted keys are kept; beyond them, reading everything anew is as fast. */
const maxLists = 10_000;

const forget = (from: number, to: number): StoreChange[] =>
  Array.from({ length: to - from }, (_, i) => ({ type: 'delete', key: deletionKey(from + i) }));

interface Noted {
  readonly meta: Meta;
  readonly notes: readonly StoreChange[];
}

/** The head and the changes that note which keys went. */
const noteDeletes = (meta: Meta, deletes: readonly number[]): Noted => {
  const { nextDeletion, firstDeletion } = meta;
  if (nextDeletion - firstDeletion >= maxLists) {
    const { snapshot: _, ...rest } = meta;
    const next = nextDeletion + 1;
    return { meta: { ...rest, nextDeletion: next, firstDeletion: next }, notes: forget(firstDeletion, nextDeletion) };
  }
  const value = bytesOf(Float64Array.from(deletes));
  return {
    meta: { ...meta, nextDeletion: nextDeletion + 1 },
    notes: [{ type: 'put', key: deletionKey(nextDeletion), value }],
  };
};

export interface RecordsOptions {
  /** Whether snapshots are made, so that what is deleted must be noted from the beginning. */
  readonly hasSnapshots: boolean;
}

const deletedFrom = async (store: Store, where: string, first: number): Promise<ReadonlySet<number>> => {
  const keys = new Set<number>();
  for await (const [, bytes] of store.range({ from: deletionKey(first), to: 'x0' })) {
    if (bytes.byteLength % Float64Array.BYTES_PER_ELEMENT !== 0) throw damaged(where, 'a list of deletions is cut off');
    for (const key of new Float64Array(copyOf(bytes))) keys.add(key);
  }
  return keys;
};

export const createRecords = (store: Store, where: string, { hasSnapshots }: RecordsOptions): Records => ({
  where,
  meta: async () => {
    const bytes = await store.get('meta');
    return bytes === undefined ? undefined : parseMeta(bytes, where);
  },
  entries: async function* (fromKey, dimensions) {
    const vectors = store.range({ from: vectorKey(fromKey), to: 'v0' })[Symbol.asyncIterator]();
    for await (const [key, bytes] of store.range({ from: documentKey(fromKey), to: 'd0' })) {
      const document = decodeDocument(bytes, where);
      const next = await vectors.next();
      const isPair = next.done !== true && next.value[0].slice(2) === key.slice(2);
      if (!isPair) throw damaged(where, `the vector of \`${document.id}\` is missing`);
      yield { key: numberOf(key), document, vector: vectorIn(next.value[1], dimensions, document.id, where) };
    }
  },
  documents: async function* (fromKey) {
    for await (const [key, bytes] of store.range({ from: documentKey(fromKey), to: 'd0' })) {
      yield [numberOf(key), decodeDocument(bytes, where)];
    }
  },
  document: async (key) => {
    const bytes = await store.get(documentKey(key));
    return bytes === undefined ? undefined : decodeDocument(bytes, where);
  },
  vector: async (key, dimensions) => {
    const bytes = await store.get(vectorKey(key));
    return bytes === undefined ? undefined : vectorIn(bytes, dimensions, numberText(key), where);
  },
  deletedSince: ({ nextDeletion }) => deletedFrom(store, where, nextDeletion),
  write: async (batch) => {
    const isNoted = batch.deletes.length > 0 && (hasSnapshots || batch.meta.snapshot !== undefined);
    const { meta, notes } = isNoted ? noteDeletes(batch.meta, batch.deletes) : { meta: batch.meta, notes: [] };
    await store.write([
      putMeta(meta),
      ...batch.puts.flatMap(([key, document, vector]): StoreChange[] => [
        { type: 'put', key: documentKey(key), value: document },
        { type: 'put', key: vectorKey(key), value: bytesOf(vector) },
      ]),
      ...batch.deletes.flatMap((key): StoreChange[] => [
        { type: 'delete', key: documentKey(key) },
        { type: 'delete', key: vectorKey(key) },
      ]),
      ...notes,
    ]);
    return meta;
  },
  pointTo: async (meta, point) => {
    if (point.nextDeletion < meta.firstDeletion) return meta;
    const next: Meta = { ...meta, snapshot: point, firstDeletion: point.nextDeletion };
    await store.write([putMeta(next), ...forget(meta.firstDeletion, point.nextDeletion)]);
    return next;
  },
});
