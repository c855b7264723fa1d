/** How the kernel measures nearness. For cosine, hand in vectors of length 1 and use `dot`. Smaller distances are nearer. */
export type KernelMetric =
  /** The negative dot product. */
  | 'dot'
  /** The squared Euclidean distance. */
  | 'euclidean';

/** How vectors lie in memory: as they are, or as 8-bit codes with one scale each. */
export type KernelPrecision = 'float32' | 'int8';

/** What a kernel is made for; none of it can change later. */
export interface KernelOptions {
  /** Length of every vector, 1 to 16,384. */
  readonly dimensions: number;
  readonly metric: KernelMetric;
  /** @default 'float32' */
  readonly precision?: KernelPrecision;
  /** With `int8`: whether the float32 vectors are held too, so that results are scored exactly. @default true */
  readonly keepsOriginals?: boolean;
  /** Neighbours of each row on the upper levels of the graph; twice as many on the lowest. 2 to 128. @default 16 */
  readonly m?: number;
  /** Candidates looked at when a row is linked. 1 to 4,096. @default 200 */
  readonly efConstruction?: number;
  /** Levels are drawn with it: the same rows linked in the same order by one thread make the same graph. @default 100 */
  readonly seed?: number;
  /** The most memory that it takes, at most 4 GiB, which is also as far as it can reach. @default 4 GiB */
  readonly maxBytes?: number;
}

/**
 * Rows and their distances, nearest first. `rows[i]` and `distances[i]` hold for `i < count`. Views of the kernel's memory:
 * they are valid until its next call or the next turn of the event loop. (A search pool returns copies.)
 */
export interface Nearest {
  readonly count: number;
  readonly rows: Uint32Array;
  readonly distances: Float32Array;
}

export interface GraphSearchOptions {
  /** Rows wanted at most. */
  readonly k: number;
  /** Candidates kept while walking: more find better and take longer. At least `k` is used. @default 64 */
  readonly ef?: number;
  /**
   * Only these rows: bit `row & 31` of word `row >>> 5`, rows beyond the end do not match. It is copied once and then known by
   * the identity of the array, so do not change it afterwards. The walk measures only them; where few rows pass (less than a
   * sixteenth), `scan` is the better way. @default all live rows
   */
  readonly bits?: Uint32Array;
}

export interface ScanOptions {
  /** Rows wanted at most. */
  readonly k: number;
  /** Only these rows, in any order; dead and unset ones are passed over. @default all live rows */
  readonly rows?: Uint32Array;
  /** Only these rows, as in a graph search. Copied once, known by identity. @default all live rows */
  readonly bits?: Uint32Array;
}

/**
 * Vectors in numbered rows of linear memory, with an HNSW graph over those that were linked. Rows are numbers that the caller
 * gives out, without large gaps. Everything here is synchronous; `createBuilder` and `createSearchPool` work beside it on
 * threads of their own in the same memory.
 *
 * The life of a row: `set` (live, found by `scan`), `link` (found by `search`), `remove` (never found again; in the graph it
 * stays as a passage), freed by `consolidate` and then free to be set again.
 */
export interface VectorKernel extends Disposable {
  readonly options: Required<KernelOptions>;
  /** Whether distances are exact; only `int8` without originals gives approximate ones (ask for more and score them again). */
  readonly isExact: boolean;
  /** One above the highest row that was ever set. */
  readonly length: number;
  /** Rows in the graph, removed ones that are not consolidated yet among them. */
  readonly linkedCount: number;
  /** Rows in the graph that were removed and not consolidated yet. They cost time; consolidate when they are a tenth or so. */
  readonly deadCount: number;
  /** Memory that is taken from the system: vectors, graph and scratch. */
  readonly bytes: number;

  /**
   * Puts a vector into a row that is new or free, and makes it live.
   * @throws {PipewrightError} `bad-input` for a row that is in use, `memory-full` when the vector does not fit any more.
   */
  readonly set: (row: number, vector: Float32Array) => void;
  /** A copy of a row's vector; without originals, what its code stands for. */
  readonly get: (row: number) => Float32Array;
  readonly isLive: (row: number) => boolean;
  readonly isLinked: (row: number) => boolean;
  /**
   * Takes a row out of all results, at once. True when it was in no graph and is free to be set again; otherwise `consolidate`
   * frees it.
   */
  readonly remove: (row: number) => boolean;
  /** Puts a live row into the graph, in the calling thread: about a millisecond. One that is in it already is left alone. */
  readonly link: (row: number) => void;

  /** About the `k` nearest linked rows, by a walk through the graph. */
  readonly search: (query: Float32Array, options: GraphSearchOptions) => Nearest;
  /** The `k` nearest live rows, linked or not, by comparing with each of them. (`int8`: nearest by code, scored exactly.) */
  readonly scan: (query: Float32Array, options: ScanOptions) => Nearest;
  /** The distance between two rows, as exact as the kernel has it. */
  readonly distance: (rowA: number, rowB: number) => number;

  /** The rows that were ever set, in the order in which they lie in memory; rows that are set first in this order lie so again. */
  readonly rowsInOrder: () => Iterable<number>;
  /** The graph as bytes, in pieces of about a mebibyte; nothing may be linked until the last. The vectors are not in it. */
  readonly exportGraph: () => Generator<Uint8Array, void, undefined>;
  /**
   * Links rows as they were when these pieces were exported; some may be joined. All its rows must be set and none linked. Yields
   * to the event loop.
   * Rows that were removed and not consolidated at the export must be set (to anything) and removed afterwards.
   * @throws {PipewrightError} `store-damaged` for bytes that are not a whole graph of these rows; the graph is then empty.
   */
  readonly importGraph: (pieces: readonly Uint8Array[]) => Promise<void>;
  /** Forgets the memory. Nothing may be called afterwards; builders and pools are disposed of before. */
  readonly dispose: () => void;
}

export interface BuilderOptions {
  /** Worker threads. 0 works in the calling thread, in slices of some milliseconds. @default 1 */
  readonly threads?: number;
}

/** Changes the graph of a kernel beside the searches. One builder per kernel; its jobs run one after the other. */
export interface Builder extends AsyncDisposable {
  /**
   * Links rows that are set. From the call until it settles they count as linked for `remove`. Rows removed meanwhile are
   * passed over (`consolidate` frees them). Aborting stops after the rows under way; `kernel.isLinked` tells which are done.
   */
  readonly link: (rows: Uint32Array, signal?: AbortSignal) => Promise<void>;
  /**
   * Takes the removed rows out of the graph: their neighbours are joined to each other (as in FreshDiskANN). Resolves to the
   * rows that are free to be set again. Aborting leaves the graph whole, and the rows as they were.
   */
  readonly consolidate: (signal?: AbortSignal) => Promise<Uint32Array>;
  /**
   * Brings rows that are neighbours in the graph together in memory, so that walks find more of what they need in the caches. In
   * slices of the calling thread, also where there are others. Aborting leaves some rows where they were.
   */
  readonly arrange: (signal?: AbortSignal) => Promise<void>;
  /** Stops the job under way and ends the threads. */
  readonly dispose: () => Promise<void>;
}

export interface SearchPoolOptions {
  /** Worker threads. 0 answers in the calling thread, in slices of some milliseconds. @default 2 */
  readonly threads?: number;
}

/** Answers batches of queries on threads that read the memory of a kernel. */
export interface SearchPool extends AsyncDisposable {
  /** The results in the order of the queries, as copies. */
  readonly search: (queries: readonly Float32Array[], options: GraphSearchOptions) => Promise<readonly Nearest[]>;
  /** Ends the threads; what is under way rejects. */
  readonly dispose: () => Promise<void>;
}
