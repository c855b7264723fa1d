import type { Run } from './run.js';
import type { Step } from './step.js';

export type MetadataValue = string | number | boolean | null | readonly (string | number | boolean)[];
/** Plain facts about a document, for filters and display. */
export type Metadata = { readonly [key: string]: MetadataValue };

/** Where a text stands in what it was cut from. Offsets are UTF-16 code units, as in `String.slice`. */
export interface Place {
  /** Id of the document that the piece was cut from; `parent.text.slice(start, end)` is the piece. */
  readonly parentId?: string;
  readonly start?: number;
  readonly end?: number;
  /** Page, from 1. */
  readonly page?: number;
  /** First and last line in the source file, from 1; only where the text stands in the file letter by letter. */
  readonly startLine?: number;
  readonly endLine?: number;
  /** Headings above the piece, outermost first. */
  readonly headings?: readonly string[];
}

/** A text and where it came from: a file, a page, or a piece of one. */
export interface Document {
  readonly id: string;
  readonly text: string;
  readonly title?: string;
  /** File path or URL. */
  readonly source?: string;
  readonly place?: Place;
  readonly metadata?: Metadata;
}

/** A stretch of a text: `text.slice(start, end)`. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A document that a search found; a higher score is a better match. Scores compare only within one list. */
export interface Hit extends Document {
  readonly score: number;
  /** The stretches of `text` that matched, in order; only where the search was asked for them. */
  readonly highlights?: readonly TextRange[];
}

/**
 * A condition on metadata. A plain value means `$eq`; several fields mean all of them. A field that is missing matches only
 * `$ne`, `$nin` and `$exists: false`. Where the metadata value is a list, a condition holds if it holds for some member.
 */
export type Filter =
  | { readonly $and: readonly Filter[] }
  | { readonly $or: readonly Filter[] }
  | { readonly $not: Filter }
  | { readonly [field: string]: FieldFilter };

export type FilterScalar = string | number | boolean | null;
export type FieldFilter = FilterScalar | FieldCondition;
export interface FieldCondition {
  readonly $eq?: FilterScalar;
  readonly $ne?: FilterScalar;
  readonly $gt?: string | number;
  readonly $gte?: string | number;
  readonly $lt?: string | number;
  readonly $lte?: string | number;
  readonly $in?: readonly FilterScalar[];
  readonly $nin?: readonly FilterScalar[];
  readonly $exists?: boolean;
}

export interface SearchOptions {
  /** How many hits at most. @default 10 */
  readonly k?: number;
  readonly filter?: Filter;
  /** Hits below this score are left out. */
  readonly minScore?: number;
}

export interface QueryWithOptions extends SearchOptions {
  readonly text: string;
}

/** A question to a retriever; a string is short for `{ text }`. */
export type Query = string | QueryWithOptions;

/** Finds documents for a query, best first. */
export type Retriever = Step<Query, readonly Hit[]>;

/** A query with its short form spelt out. */
export const queryOf = (query: Query): QueryWithOptions => (typeof query === 'string' ? { text: query } : query);

/** Turns texts into vectors, one for each, in order. Vectors have length 1. */
export interface Embedder extends Step<readonly string[], readonly Float32Array[]> {
  readonly id: string;
  readonly dimensions: number;
  /** Longest text it reads, in its own tokens; longer ones are cut by the embedder. */
  readonly maxInputTokens?: number;
}

/** What a reranker is asked. */
export interface RerankInput {
  readonly query: string;
  readonly texts: readonly string[];
  /** Only the best so many are scored in the result. @default all */
  readonly k?: number;
}

/** How well one text answers the query; `index` is its place in the input. */
export interface RerankScore {
  readonly index: number;
  /** Higher is better; compares only within one result. */
  readonly score: number;
}

/** Puts texts in order by how well they answer a query, best first. */
export interface Reranker extends Step<RerankInput, readonly RerankScore[]> {
  readonly id: string;
}

/** A document with its vector, as a vector store takes it. */
export interface VectorEntry extends Document {
  /** May be left out where the store has an embedder, which then reads title and text. */
  readonly vector?: Float32Array | readonly number[];
}

export interface VectorSearchOptions extends SearchOptions {
  /** Prefer hits that differ from each other (maximal marginal relevance, Carbonell and Goldstein 1998). */
  readonly mmr?: MmrOptions;
}

export interface KeywordSearchOptions extends SearchOptions {
  /** The last word of the query may be the beginning of one, as while somebody types. @default false */
  readonly isPrefix?: boolean;
  /** How many letters a word may differ from one of the query: 0, 1 or 2; short words differ by fewer. @default 0 */
  readonly maxEdits?: 0 | 1 | 2;
  /** Whether hits carry `highlights`. @default false */
  readonly isHighlighted?: boolean;
}

/** Which documents to go through. */
export interface EntriesOptions {
  readonly filter?: Filter;
  /** Id of the document to go on after: a cursor that survives a restart. */
  readonly after?: string;
}

export interface MmrOptions {
  /** 1 looks at relevance only, 0 at difference only. @default 0.5 */
  readonly lambda?: number;
  /** How many candidates to choose from. @default 4 × k */
  readonly fetchK?: number;
}

export interface StoreStats {
  readonly count: number;
  /** Bytes of text, vectors and index that it holds in memory, as near as it can tell. */
  readonly memoryBytes: number;
  /** Milliseconds since 1970; undefined while empty. */
  readonly lastChangedMs?: number;
}

/** What every searchable store of documents does, whatever its index. Every write is acknowledged when its promise resolves. */
export interface DocumentStore extends AsyncDisposable {
  /** @throws {PipewrightError} `duplicate-id` when an id is there already; then nothing of the call is added. */
  readonly add: (entries: readonly VectorEntry[], run?: Run) => Promise<void>;
  /** Adds, or replaces what has the same id. */
  readonly upsert: (entries: readonly VectorEntry[], run?: Run) => Promise<void>;
  /** Deletes by id or by filter, and returns how many there were. */
  readonly delete: (which: readonly string[] | Filter, run?: Run) => Promise<number>;
  /** The documents with these ids, in order; undefined where there is none. */
  readonly get: (ids: readonly string[]) => Promise<readonly (Document | undefined)[]>;
  /**
   * All documents, in an order that stays the same while nothing changes; each is read when it is asked for.
   * @throws {PipewrightError} `bad-input` when no document has the id in `after`.
   */
  readonly entries: (options?: EntriesOptions) => AsyncIterable<Document>;
  readonly stats: () => Promise<StoreStats>;
  /** Makes a retriever; options in a query win over these. */
  readonly retriever: (options?: VectorSearchOptions) => Retriever;
  readonly close: () => Promise<void>;
}

export interface VectorStore extends DocumentStore {
  readonly dimensions: number;
  /** The documents whose vectors are nearest, nearest first. */
  readonly search: (
    vector: Float32Array | readonly number[],
    options?: VectorSearchOptions,
    run?: Run,
  ) => Promise<readonly Hit[]>;
  /** One search for each vector, with the same options; the filter is read once. */
  readonly searchMany: (
    vectors: readonly (Float32Array | readonly number[])[],
    options?: VectorSearchOptions,
    run?: Run,
  ) => Promise<readonly (readonly Hit[])[]>;
  /** The vectors of these ids as they are compared, so of length 1 under the cosine; undefined where there is none. */
  readonly getVectors: (ids: readonly string[]) => Promise<readonly (Float32Array | undefined)[]>;
}

export interface KeywordIndex extends DocumentStore {
  /** Makes a retriever; options in a query win over these. It cannot do `mmr`. */
  readonly retriever: (options?: KeywordSearchOptions & VectorSearchOptions) => Retriever;
  /** The documents that share the query's words, best first by BM25. */
  readonly search: (text: string, options?: KeywordSearchOptions, run?: Run) => Promise<readonly Hit[]>;
}

/**
 * Key-value store with ordered keys. A batch is applied whole or not at all, and survives a crash once its promise resolves.
 * Keys are ordered by their UTF-8 bytes.
 */
export interface Store extends AsyncDisposable {
  readonly get: (key: string) => Promise<Uint8Array | undefined>;
  /** Entries with `from <= key < to`, in order. */
  readonly range: (range: StoreRange) => AsyncIterable<readonly [key: string, value: Uint8Array]>;
  readonly write: (changes: readonly StoreChange[]) => Promise<void>;
  /**
   * Puts `value` under `key` if what is there has exactly the bytes `expected`, or if nothing is there and `expected` is
   * undefined; resolves to whether it did. Of many that expect the same value one succeeds. It is as durable as a write.
   */
  readonly compareAndSet: (
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
    options?: CompareAndSetOptions,
  ) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

export interface CompareAndSetOptions {
  /** The entry is gone after this time. @default it stays */
  readonly ttlMs?: number;
  /** Further changes, made after it in the same batch, or not at all where the comparison fails. @default none */
  readonly also?: readonly StoreChange[];
}

export interface StoreRange {
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly isReversed?: boolean;
}

export type StoreChange =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly ttlMs?: number }
  | { readonly type: 'delete'; readonly key: string };
