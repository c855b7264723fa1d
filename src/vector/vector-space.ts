import { messageOf, PipewrightError, type VectorShape } from '../core/index.js';
import { createKernel, type KernelOptions, type VectorKernel } from './kernel/index.js';
import { plainVectors, type Vectors } from './plain-vectors.js';
import { createRowList } from './row-list.js';

/** What the kernel of a collection is made with. */
export interface SpaceSettings extends VectorShape {
  readonly m: number;
  readonly efConstruction: number;
  readonly precision: 'float32' | 'int8';
  /** With `int8`: whether the vectors themselves are in memory as well. */
  readonly keepsOriginals: boolean;
}

export const kernelOptions = ({ metric, ...rest }: SpaceSettings): KernelOptions => ({
  dimensions: rest.dimensions,
  metric: metric === 'euclidean' ? 'euclidean' : 'dot',
  precision: rest.precision,
  keepsOriginals: rest.keepsOriginals,
  m: rest.m,
  efConstruction: rest.efConstruction,
});

/**
 * The vectors of a collection. A few are held and compared by plain JavaScript; with more of them a kernel takes over, which
 * searches a graph. Rows that the graph does not hold yet are `pending`: a search compares with those one by one.
 */
export interface VectorSpace {
  readonly vectors: Vectors;
  /** Undefined while there are few vectors, and where WebAssembly does not work. */
  readonly kernel: VectorKernel | undefined;
  readonly pendingCount: number;
  /** The rows that are not in the graph. It stays as it is when they change. */
  readonly pending: () => Uint32Array;
  /** Some of them, as many as there are of so many. */
  readonly somePending: (most: number) => Uint32Array;
  /** Changes until now, to tell how much a snapshot lacks. */
  readonly changeCount: number;
  /**
   * Makes room for more vectors; `count` is how many there will be, `fresh` how many rows that were never used.
   * @throws {PipewrightError} `memory-full` when they cannot be held.
   */
  readonly reserve: (count: number, fresh: number) => void;
  readonly set: (row: number, vector: Float32Array) => void;
  /** True when the row is free to be set again; else it is when the graph has been mended. */
  readonly remove: (row: number) => boolean;
  /** Takes note of rows that are in the graph now. */
  readonly noteLinked: (rows: Iterable<number>) => void;
  readonly dispose: () => void;
}

let hasWarned = false;

const warnOnce = (error: unknown): void => {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `WebAssembly cannot be used here (${messageOf(error)}), so vector searches compare with every vector: the results are the same, but large collections answer slower.`,
    { type: 'PipewrightWarning' },
  );
};

const checkRoom = (kernel: VectorKernel, fresh: number): void => {
  const { dimensions, precision, keepsOriginals, m, maxBytes } = kernel.options;
  const vectorBytes =
    (precision === 'int8' ? dimensions + 8 : 0) + (keepsOriginals || precision === 'float32' ? dimensions * 4 : 0);
  const needed = fresh * (vectorBytes + m * 12 + 16);
  if (kernel.bytes + needed <= maxBytes) return;
  throw new PipewrightError(
    'memory-full',
    `${fresh} more vectors do not fit: the collection holds ${kernel.bytes} of ${maxBytes} bytes. Use \`precision: 'int8'\`, or divide it into several collections.`,
  );
};

export interface VectorSpaceOptions {
  readonly settings: SpaceSettings;
  /** With so many vectors a kernel takes over. */
  readonly kernelCount: number;
  /** The kernel of a snapshot, with its rows. */
  readonly kernel?: VectorKernel;
  readonly pending?: Iterable<number>;
}

/** A kernel that holds these rows too; undefined where there can be none. */
const kernelWith = (settings: SpaceSettings, from: Vectors, rows: Iterable<number>): VectorKernel | undefined => {
  let kernel: VectorKernel;
  try {
    kernel = createKernel(kernelOptions(settings));
  } catch (error) {
    warnOnce(error);
    return undefined;
  }
  for (const row of rows) kernel.set(row, from.get(row));
  return kernel;
};

export const createVectorSpace = (options: VectorSpaceOptions): VectorSpace => {
  const { settings, kernelCount } = options;
  let { kernel } = options;
  let vectors: Vectors = kernel ?? plainVectors(settings);
  let isPlainForGood = false;
  let changeCount = 0;
  const pending = createRowList(options.pending);
  let pendingRows: Uint32Array | undefined;

  return {
    get vectors() {
      return vectors;
    },
    get kernel() {
      return kernel;
    },
    get pendingCount() {
      return pending.count;
    },
    pending: () => {
      pendingRows ??= pending.first();
      return pendingRows;
    },
    somePending: pending.first,
    get changeCount() {
      return changeCount;
    },
    reserve: (count, fresh) => {
      if (kernel === undefined && !isPlainForGood && count >= kernelCount) {
        kernel = kernelWith(settings, vectors, pending.first());
        vectors = kernel ?? vectors;
        isPlainForGood = kernel === undefined;
      }
      if (kernel !== undefined) checkRoom(kernel, fresh);
    },
    set: (row, vector) => {
      vectors.set(row, vector);
      pending.add(row);
      pendingRows = undefined;
      changeCount++;
    },
    remove: (row) => {
      if (pending.remove(row)) pendingRows = undefined;
      changeCount++;
      return vectors.remove(row);
    },
    noteLinked: (rows) => {
      for (const row of rows) pending.remove(row);
      pendingRows = undefined;
    },
    dispose: () => kernel?.dispose(),
  };
};
