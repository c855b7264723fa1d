import type { Document } from '../core/index.js';
import { decodeDocument } from './entry.js';
import type { Records } from './records.js';

/** The documents by key: all of them in memory, or a few of those in a store. */
export interface Documents {
  /** What it holds in memory, about. */
  readonly bytes: number;
  /** The document, where it is at hand. It must not be changed, nor handed out but as a copy; its parts are frozen. */
  readonly peek: (key: number) => Document | undefined;
  readonly get: (key: number) => Promise<Document | undefined>;
  /** Those from this key on, in their order. */
  readonly from: (key: number) => AsyncIterable<Document>;
  /** Takes in what was written. */
  readonly put: (key: number, bytes: Uint8Array) => void;
  readonly delete: (key: number) => void;
}

const freezeList = (value: unknown): void => {
  if (Array.isArray(value)) Object.freeze(value);
};

/** So that a caller who changes a hit does not change the collection: the document itself is copied, its parts are frozen. */
const frozenInside = (document: Document): Document => {
  const { place, metadata } = document;
  if (place !== undefined) freezeList(Object.freeze(place).headings);
  if (metadata !== undefined) for (const value of Object.values(Object.freeze(metadata))) freezeList(value);
  return document;
};

/** An object with its texts and its places in a Map, about. */
const documentBytes = 160;

const lettersOf = ({ id, text, title, metadata }: Document): number =>
  id.length + text.length + (title?.length ?? 0) + (metadata === undefined ? 0 : 200);

/** All documents, as objects: a hit then costs no parsing. */
export const documentsInMemory = (): Documents => {
  const byKey = new Map<number, Document>();
  // Ascending, with keys among them that are gone.
  let keys: number[] = [];
  let letters = 0;

  const firstFrom = (key: number): number => {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    get bytes() {
      return letters + byKey.size * documentBytes;
    },
    peek: (key) => byKey.get(key),
    get: async (key) => byKey.get(key),
    from: async function* (key) {
      // Sought anew at each step: writes may come in between.
      for (let at = firstFrom(key); at < keys.length; ) {
        const found = keys[at] as number;
        const document = byKey.get(found);
        if (document !== undefined) yield document;
        at = keys[at] === found ? at + 1 : firstFrom(found + 1);
      }
    },
    put: (key, bytes) => {
      const document = frozenInside(decodeDocument(bytes, 'memory'));
      byKey.set(key, document);
      keys.push(key);
      letters += lettersOf(document);
    },
    delete: (key) => {
      const document = byKey.get(key);
      if (document === undefined) return;
      letters -= lettersOf(document);
      byKey.delete(key);
      if (keys.length > 2 * byKey.size + 64) keys = keys.filter((one) => byKey.has(one));
    },
  };
};

/** Documents that were read last are at hand: questions come in groups that find the same. */
const maxCached = 4_096;
const maxCachedLetters = 8_000_000;

/** The documents of a store, with the last used ones in memory. */
export const documentsIn = (records: Records): Documents => {
  const cache = new Map<number, Document>();
  let letters = 0;

  const drop = (key: number): void => {
    const document = cache.get(key);
    if (document === undefined) return;
    cache.delete(key);
    letters -= lettersOf(document);
  };
  const keep = (key: number, document: Document): void => {
    drop(key);
    cache.set(key, document);
    letters += lettersOf(document);
    for (const oldest of cache.keys()) {
      if (cache.size <= maxCached && letters <= maxCachedLetters) break;
      drop(oldest);
    }
  };
  return {
    get bytes() {
      return letters + cache.size * documentBytes;
    },
    peek: (key) => {
      const document = cache.get(key);
      if (document === undefined) return undefined;
      // Moved to the end: the last to be dropped.
      cache.delete(key);
      cache.set(key, document);
      return document;
    },
    get: async (key) => {
      const document = await records.document(key);
      if (document !== undefined) keep(key, frozenInside(document));
      return document;
    },
    from: async function* (key) {
      for await (const [, document] of records.documents(key)) yield document;
    },
    put: () => undefined,
    delete: drop,
  };
};
