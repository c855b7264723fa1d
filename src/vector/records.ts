import { type Document, PipewrightError, randomId, type Store, type StoreChange, systemRandom } from '../core/index.js';
import { decodeDocument } from './entry.js';
import type { Metric, VectorShape } from './vectors.js';

/** What the store keeps about the collection, as JSON under `meta`. */
export interface Meta extends VectorShape {
  readonly version: number;
  /** Tells this collection's graph file from those of others. */
  readonly id: string;
  /** Id of the embedder that made the vectors, where one did. */
  readonly embedder?: string;
  /** Key of the next entry; grows with every write, so it is the generation of the collection too. */
  readonly nextKey: number;
  readonly lastChangedMs?: number;
}

const formatVersion = 1;

// `meta`, `d/<key>` for the document as JSON, `v/<key>` for the vector as 32-bit floats. Keys in base 36 with leading zeros,
// so that they stand in the order of their numbers.
const keyText = (key: number): string => key.toString(36).padStart(11, '0');
const documentKey = (key: number): string => `d/${keyText(key)}`;
const vectorKey = (key: number): string => `v/${keyText(key)}`;

const bytesOf = (vector: Float32Array): Uint8Array =>
  new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/** Reads and writes the collection's records in a store. */
export interface Records {
  /** What errors call the store. */
  readonly where: string;
  readonly meta: () => Promise<Meta | undefined>;
  readonly all: (dimensions: number) => AsyncIterable<readonly [key: number, document: Document, vector: Float32Array]>;
  /** The documents whose keys are at least this one. */
  readonly documents: (fromKey: number) => AsyncIterable<Document>;
  readonly document: (key: number) => Promise<Document | undefined>;
  /** One batch: it happens whole or not at all. */
  readonly write: (batch: RecordBatch) => Promise<void>;
}

export interface RecordBatch {
  readonly meta: Meta;
  readonly puts: readonly (readonly [key: number, document: Uint8Array, vector: Float32Array])[];
  readonly deletes: readonly number[];
}

const damaged = (where: string, what: string): PipewrightError =>
  new PipewrightError('store-damaged', `The collection in ${where} is damaged: ${what}. Fill a new one.`, {
    details: { where },
  });

const parseMeta = (bytes: Uint8Array, where: string): Meta => {
  let meta: Meta;
  try {
    meta = JSON.parse(Buffer.from(bytes).toString()) as Meta;
  } catch {
    throw damaged(where, 'its head is no JSON'); // the parser's own words would add nothing
  }
  if (meta.version > formatVersion) {
    throw new PipewrightError(
      'store-newer',
      `The collection in ${where} has format ${meta.version}; this version of pipewright reads up to ${formatVersion}. Update pipewright.`,
      { details: { where } },
    );
  }
  const isSound = meta.version === formatVersion && meta.dimensions > 0 && Number.isSafeInteger(meta.nextKey);
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
});

/** @param keepsVectors false where nobody will open the store again, so that vectors are not held twice. */
export const createRecords = (store: Store, where: string, keepsVectors: boolean): Records => ({
  where,
  meta: async () => {
    const bytes = await store.get('meta');
    return bytes === undefined ? undefined : parseMeta(bytes, where);
  },
  all: async function* (dimensions) {
    const vectors = store.range({ from: 'v/', to: 'v0' })[Symbol.asyncIterator]();
    for await (const [key, bytes] of store.range({ from: 'd/', to: 'd0' })) {
      const document = decodeDocument(bytes, where);
      const next = await vectors.next();
      const isPair = next.done !== true && next.value[0].slice(2) === key.slice(2);
      if (!isPair) throw damaged(where, `the vector of \`${document.id}\` is missing`);
      // A copy stands at the start of its buffer, where 32-bit floats may lie.
      const copy = new Uint8Array(next.value[1]);
      if (copy.byteLength !== dimensions * Float32Array.BYTES_PER_ELEMENT) {
        throw damaged(where, `the vector of \`${document.id}\` does not have ${dimensions} dimensions`);
      }
      yield [Number.parseInt(key.slice(2), 36), document, new Float32Array(copy.buffer)];
    }
  },
  documents: async function* (fromKey) {
    for await (const [, bytes] of store.range({ from: documentKey(fromKey), to: 'd0' }))
      yield decodeDocument(bytes, where);
  },
  document: async (key) => {
    const bytes = await store.get(documentKey(key));
    return bytes === undefined ? undefined : decodeDocument(bytes, where);
  },
  write: ({ meta, puts, deletes }) =>
    store.write([
      { type: 'put', key: 'meta', value: Buffer.from(JSON.stringify(meta)) },
      ...puts.flatMap(([key, document, vector]): StoreChange[] => {
        const put: StoreChange = { type: 'put', key: documentKey(key), value: document };
        return keepsVectors ? [put, { type: 'put', key: vectorKey(key), value: bytesOf(vector) }] : [put];
      }),
      ...deletes.flatMap((key): StoreChange[] => [
        { type: 'delete', key: documentKey(key) },
        { type: 'delete', key: vectorKey(key) },
      ]),
    ]),
});
