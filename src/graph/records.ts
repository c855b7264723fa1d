import { messageOf, PipewrightError, type Store, type StoreChange } from '../core/index.js';
import { checkedExtraction } from './check-extraction.js';
import type { GraphRecord } from './graph-state.js';
import type { Extraction } from './types.js';

/** The documents of a graph with their extractions, and its reports, as a key-value store keeps them. */
export interface GraphLog {
  readonly lastChangedMs: number | undefined;
  readonly records: () => AsyncIterable<GraphRecord>;
  /** Writes all or nothing. */
  readonly write: (put: readonly GraphRecord[], deleted: readonly string[], atMs: number) => Promise<void>;
}

const version = 1;
const headKey = 'graph';
const prefix = 'document/';
const keyOf = (sequence: number): string => prefix + String(sequence).padStart(16, '0');

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
export const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

export const damaged = (key: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError(
    'store-damaged',
    `The entry \`${key}\` of a knowledge graph is damaged: ${what}. Restore the store from a copy, or add the documents anew.`,
    { cause, details: { where: key } },
  );

/** The object kept under a key. */
export const decode = (key: string, bytes: Uint8Array): Readonly<Record<string, unknown>> => {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw damaged(key, messageOf(cause), cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(key, 'it is no object');
  return value as Readonly<Record<string, unknown>>;
};

const readHead = async (store: Store): Promise<number | undefined> => {
  const bytes = await store.get(headKey);
  if (bytes === undefined) return undefined;
  const head = decode(headKey, bytes);
  if (typeof head.version !== 'number' || typeof head.lastChangedMs !== 'number') {
    throw damaged(headKey, 'it has no version or time');
  }
  if (head.version > version) {
    throw new PipewrightError(
      'store-newer',
      `This knowledge graph was written by a newer pipewright (format ${head.version}, this one reads ${version}). Update the package.`,
      { details: { where: headKey } },
    );
  }
  return head.lastChangedMs;
};

/**
 * A record read from outside, checked in every part.
 * @throws what is wrong with it, in any form.
 */
export const recordOf = (value: unknown): GraphRecord => {
  const { document, extraction, extractorId } = (value ?? {}) as Partial<GraphRecord>;
  const isDocument = typeof document?.id === 'string' && document.id !== '' && typeof document.text === 'string';
  if (!isDocument || typeof extractorId !== 'string') {
    throw new PipewrightError('bad-input', 'A record needs a document and the id of its extractor.');
  }
  return { document, extraction: checkedExtraction(extraction as Extraction, document), extractorId };
};

/**
 * Opens the records kept in a store.
 * @throws {PipewrightError} `store-newer` or `store-damaged`.
 */
export const openGraphLog = async (store: Store): Promise<GraphLog> => {
  let lastChangedMs = await readHead(store);
  const sequences = new Map<string, number>();
  let next = 0;

  async function* records(): AsyncGenerator<GraphRecord, void, undefined> {
    for await (const [key, bytes] of store.range({ from: prefix, to: 'document0' })) {
      const sequence = Number(key.slice(prefix.length));
      if (!Number.isSafeInteger(sequence)) throw damaged(key, 'its key has no number');
      const record = readRecord(key, bytes);
      if (sequences.has(record.document.id))
        throw damaged(key, `the document \`${record.document.id}\` is there twice`);
      sequences.set(record.document.id, sequence);
      next = sequence + 1;
      yield record;
    }
  }

  const write: GraphLog['write'] = async (put, deleted, atMs) => {
    const changes: StoreChange[] = [{ type: 'put', key: headKey, value: encode({ version, lastChangedMs: atMs }) }];
    const written = new Map<string, number>();
    for (const id of [...deleted, ...put.map(({ document }) => document.id)]) {
      const sequence = sequences.get(id);
      if (sequence !== undefined) changes.push({ type: 'delete', key: keyOf(sequence) });
    }
    for (const record of put) {
      written.set(record.document.id, next);
      changes.push({ type: 'put', key: keyOf(next++), value: encode(record) });
    }
    await store.write(changes);
    for (const id of deleted) sequences.delete(id);
    for (const [id, sequence] of written) sequences.set(id, sequence);
    lastChangedMs = atMs;
  };

  return {
    get lastChangedMs() {
      return lastChangedMs;
    },
    records,
    write,
  };
};

const readRecord = (key: string, bytes: Uint8Array): GraphRecord => {
  const value = decode(key, bytes);
  try {
    return recordOf(value);
  } catch (cause) {
    throw damaged(key, messageOf(cause), cause);
  }
};
