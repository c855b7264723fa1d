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

/** Documents with neighbouring keys lie in one array. */
const pageLength = 64;

/** All documents, as objects: a hit then costs no parsing. */
export const documentsInMemory = (): Documents => {
  // Keys only ever grow, so the pages stand in their order. One goes with its last document.
  const pages = new Map<number, (Document | undefined)[]>();
  let count = 0;
  let letters = 0;

  const pageOf = (key: number): number => Math.floor(key / pageLength);
  const peek = (key: number): Document | undefined => pages.get(pageOf(key))?.[key % pageLength];
  return {
    get bytes() {
      return letters + count * documentBytes + pages.size * pageLength * 8;
    },
    peek,
    get: async (key) => peek(key),
    from: async function* (key) {
      // What is written meanwhile is seen as well: a Map goes on to entries that came later.
      for (const [number, page] of pages) {
        if (number < pageOf(key)) continue;
        for (let at = number * pageLength < key ? key % pageLength : 0; at < pageLength; at++) {
          const document = page[at];
          if (document !== undefined) yield document;
        }
      }
    },
    put: (key, bytes) => {
      const document = frozenInside(decodeDocument(bytes, 'memory'));
      const page = pages.get(pageOf(key)) ?? new Array<Document | undefined>(pageLength).fill(undefined);
      pages.set(pageOf(key), page);
      page[key % pageLength] = document;
      count++;
      letters += lettersOf(document);
    },
    delete: (key) => {
      const page = pages.get(pageOf(key));
      const document = page?.[key % pageLength];
      if (page === undefined || document === undefined) return;
      page[key % pageLength] = undefined;
      count--;
      letters -= lettersOf(document);
      if (page.every((one) => one === undefined)) pages.delete(pageOf(key));
    },
  };
};

/** Documents that were read last are at hand: questions come in groups that find the same. */
const maxCached = 1_024;
const maxCachedLetters = 2_000_000;

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
