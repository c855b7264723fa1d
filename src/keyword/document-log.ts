import { type Document, messageOf, PipewrightError, type Store, type StoreChange } from '../core/index.js';

/** The documents of an index as a key-value store keeps them; the index itself is made from them when it opens. */
export interface DocumentLog {
  /** Milliseconds since 1970 of the last write; undefined where nothing was ever written. */
  readonly lastChangedMs: number | undefined;
  /** All documents in the order in which they were written. */
  readonly documents: () => AsyncIterable<Document>;
  /** Writes all changes or none. */
  readonly write: (change: LogChange) => Promise<void>;
}

export interface LogChange {
  readonly put: Iterable<Document>;
  readonly deleted: readonly string[];
  readonly atMs: number;
}

const version = 1;
const headKey = 'keyword';
const prefix = 'document/';
const keyOf = (sequence: number): string => prefix + String(sequence).padStart(16, '0');

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

const damaged = (key: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError(
    'store-damaged',
    `The entry \`${key}\` of a keyword index is damaged: ${what}. Restore the store from a copy, or index the documents anew.`,
    { cause, details: { where: key } },
  );

const decode = (key: string, bytes: Uint8Array): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw damaged(key, messageOf(cause), cause);
  }
  if (typeof value !== 'object' || value === null) throw damaged(key, 'it is no object');
  return value as Record<string, unknown>;
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
      `This keyword index was written by a newer pipewright (format ${head.version}, this one reads ${version}). Update the package.`,
      { details: { where: headKey } },
    );
  }
  return head.lastChangedMs;
};

/**
 * Opens the documents kept in a store.
 * @throws {PipewrightError} `store-newer` or `store-damaged`.
 */
export const openLog = async (store: Store): Promise<DocumentLog> => {
  let lastChangedMs = await readHead(store);
  const sequences = new Map<string, number>();
  let next = 0;

  async function* documents(): AsyncGenerator<Document, void, undefined> {
    for await (const [key, bytes] of store.range({ from: prefix, to: 'document0' })) {
      const document = decode(key, bytes);
      const sequence = Number(key.slice(prefix.length));
      if (typeof document.id !== 'string' || typeof document.text !== 'string' || !Number.isSafeInteger(sequence)) {
        throw damaged(key, 'it is no document');
      }
      sequences.set(document.id, sequence);
      next = sequence + 1;
      yield document as unknown as Document;
    }
  }

  const write = async ({ put, deleted, atMs }: LogChange): Promise<void> => {
    const changes: StoreChange[] = [{ type: 'put', key: headKey, value: encode({ version, lastChangedMs: atMs }) }];
    const written = new Map<string, number>();
    const drop = (id: string): void => {
      const sequence = sequences.get(id);
      if (sequence !== undefined) changes.push({ type: 'delete', key: keyOf(sequence) });
    };
    for (const id of deleted) drop(id);
    for (const document of put) {
      drop(document.id);
      written.set(document.id, next);
      changes.push({ type: 'put', key: keyOf(next++), value: encode(document) });
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
    documents,
    write,
  };
};
