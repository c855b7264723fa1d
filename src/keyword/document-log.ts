import { type Document, messageOf, PipewrightError, type Store, type StoreChange } from '../core/index.js';

/** The documents of an index as a key-value store keeps them; the index itself is made from them. */
export interface DocumentLog {
  /** Milliseconds since 1970 of the last write; undefined where nothing was ever written. */
  readonly lastChangedMs: number | undefined;
  /** Sequence number of the next document. */
  readonly next: number;
  /** The documents from a sequence number on, in the order in which they were written. */
  readonly documents: (from: number) => AsyncIterable<readonly [sequence: number, document: Document]>;
  readonly read: (sequence: number) => Promise<Document | undefined>;
  /** Writes all changes or none. Documents get sequence numbers from `next` on. */
  readonly write: (change: LogChange) => Promise<void>;
}

export interface LogChange {
  readonly put: Iterable<Document>;
  /** Sequence numbers of the documents that go. */
  readonly gone: readonly number[];
  readonly atMs: number;
  /** Whether to note what goes, for a snapshot that still holds it. */
  readonly isNoted: boolean;
}

/** 2 notes the next sequence number and what is gone since a snapshot; a log of 1 is read as well. */
const version = 2;
const headKey = 'keyword';
const prefix = 'document/';
export const gonePrefix = 'gone/';
const digits = 16;
const sequenceText = (sequence: number): string => String(sequence).padStart(digits, '0');
const keyOf = (sequence: number): string => prefix + sequenceText(sequence);
export const goneKey = (sequence: number): string => gonePrefix + sequenceText(sequence);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

const damaged = (key: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError(
    'store-damaged',
    `The entry \`${key}\` of a keyword index is damaged: ${what}. Restore the store from a copy, or index the documents anew.`,
    { cause, details: { where: key } },
  );

/** What to throw where a document that must be there is not. */
export const missing = (sequence: number): PipewrightError => damaged(keyOf(sequence), 'it is gone');

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

const documentOf = (key: string, bytes: Uint8Array): Document => {
  const document = decode(key, bytes);
  if (typeof document.id !== 'string' || typeof document.text !== 'string') throw damaged(key, 'it is no document');
  return document as unknown as Document;
};

interface Head {
  readonly lastChangedMs: number | undefined;
  readonly next: number;
}

/** The sequence number behind the last document, for a log that does not note it. */
const endOf = async (store: Store): Promise<number> => {
  for await (const [key] of store.range({ from: prefix, to: 'document0', limit: 1, isReversed: true })) {
    const sequence = Number(key.slice(prefix.length));
    if (!Number.isSafeInteger(sequence)) throw damaged(key, 'its key has no number');
    return sequence + 1;
  }
  return 0;
};

const readHead = async (store: Store): Promise<Head> => {
  const bytes = await store.get(headKey);
  if (bytes === undefined) return { lastChangedMs: undefined, next: await endOf(store) };
  const { version: found, lastChangedMs, next } = decode(headKey, bytes);
  if (typeof found !== 'number' || typeof lastChangedMs !== 'number') {
    throw damaged(headKey, 'it has no version or time');
  }
  if (found > version) {
    throw new PipewrightError(
      'store-newer',
      `This keyword index was written by a newer pipewright (format ${found}, this one reads ${version}). Update the package.`,
      { details: { where: headKey } },
    );
  }
  if (found === 1) return { lastChangedMs, next: await endOf(store) };
  if (!Number.isSafeInteger(next)) throw damaged(headKey, 'it has no next sequence number');
  return { lastChangedMs, next: next as number };
};

/**
 * Opens the documents kept in a store.
 * @throws {PipewrightError} `store-newer` or `store-damaged`.
 */
export const openLog = async (store: Store): Promise<DocumentLog> => {
  let head = await readHead(store);

  async function* documents(from: number): AsyncGenerator<readonly [number, Document], void, undefined> {
    for await (const [key, bytes] of store.range({ from: keyOf(from), to: 'document0' })) {
      const sequence = Number(key.slice(prefix.length));
      if (!Number.isSafeInteger(sequence)) throw damaged(key, 'its key has no number');
      yield [sequence, documentOf(key, bytes)];
    }
  }

  const write = async ({ put, gone, atMs, isNoted }: LogChange): Promise<void> => {
    const changes: StoreChange[] = [];
    let { next } = head;
    for (const sequence of gone) {
      changes.push({ type: 'delete', key: keyOf(sequence) });
      if (isNoted) changes.push({ type: 'put', key: goneKey(sequence), value: new Uint8Array(0) });
    }
    for (const document of put) changes.push({ type: 'put', key: keyOf(next++), value: encode(document) });
    changes.push({ type: 'put', key: headKey, value: encode({ version, lastChangedMs: atMs, next }) });
    await store.write(changes);
    head = { lastChangedMs: atMs, next };
  };

  return {
    get lastChangedMs() {
      return head.lastChangedMs;
    },
    get next() {
      return head.next;
    },
    documents,
    read: async (sequence) => {
      const bytes = await store.get(keyOf(sequence));
      return bytes === undefined ? undefined : documentOf(keyOf(sequence), bytes);
    },
    write,
  };
};
