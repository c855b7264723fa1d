import { createLock, type Lock, PipewrightError } from '../../core/index.js';
import {
  farFactor,
  headerDeadCount,
  headerDimensions,
  headerEfConstruction,
  headerEntry,
  headerHasOriginals,
  headerLabels,
  headerLength,
  headerLinkedCount,
  headerM,
  headerMetric,
  headerNodeStride,
  headerPrecision,
  headerVectorOffset,
  isLinked,
  isLive,
  isQueued,
  noRow,
  scratchQuery,
  scratchFound,
  scratchFoundDistances,
} from './assembly/layout.js';
import { type BitSets, createBitSets } from './bit-sets.js';
import { exportGraph, importGraph } from './graph-bytes.js';
import { instantiateKernel, type KernelExports } from './module.js';
import { resolveKernelOptions } from './options.js';
import { createRows, type Rows, rowsThatFit, type Shape, shapeOf } from './rows.js';
import { createScratch, type Scratch } from './scratch.js';
import { createSpace, roomFor, type Space } from './space.js';
import type { GraphSearchOptions, KernelOptions, Nearest, ScanOptions, VectorKernel } from './types.js';

/** What the files of this folder know of a kernel. */
export interface KernelParts {
  readonly options: Required<KernelOptions>;
  readonly shape: Shape;
  readonly space: Space;
  readonly rows: Rows;
  readonly exports: KernelExports;
  readonly bitSets: BitSets;
  /** What the calling thread writes on. */
  readonly scratch: Scratch;
  /** Held while threads search, and while rows are moved: never both. */
  readonly places: Lock;
  /** Makes room on it for walks over all rows with so many results. */
  readonly makeRoom: (results: number) => void;
  /** A word of the header. */
  readonly header: (field: number) => number;
}

const partsOfKernel = new WeakMap<VectorKernel, KernelParts>();

export const partsOf = (kernel: VectorKernel): KernelParts => {
  const parts = partsOfKernel.get(kernel);
  if (parts === undefined) {
    throw new PipewrightError(
      'store-closed',
      'This vector kernel was disposed of. Make a new one with `createKernel`.',
    );
  }
  return parts;
};

const mebibytes = (bytes: number): string => Math.round(bytes / 1_048_576).toLocaleString('en-US');

const fullError = (options: Required<KernelOptions>, shape: Shape, cause?: unknown): PipewrightError => {
  const { maxBytes, m, precision, dimensions } = options;
  const fits = rowsThatFit(shape, m, maxBytes).toLocaleString('en-US');
  const advice =
    precision === 'float32'
      ? 'With the precision `int8` and the originals outside, nearly four times as many makeRoom; or split the collection.'
      : 'Leave the originals outside, or split the collection.';
  const reason =
    cause === undefined
      ? `The collection may take ${mebibytes(maxBytes)} MiB, in which about ${fits} vectors of ${dimensions} dimensions fit.`
      : 'The system gives the process no more memory.';
  return new PipewrightError('memory-full', `A vector does not fit into memory any more. ${reason} ${advice}`, {
    cause,
  });
};

const writeHeader = ({ words }: Space, options: Required<KernelOptions>, shape: Shape): void => {
  const put = (field: number, value: number): void => {
    words[field >>> 2] = value;
  };
  put(headerDimensions, shape.paddedDimensions);
  put(headerMetric, options.metric === 'euclidean' ? 1 : 0);
  put(headerPrecision, options.precision === 'int8' ? 1 : 0);
  put(headerHasOriginals, shape.originalStride > 0 ? 1 : 0);
  put(headerM, options.m);
  put(headerEfConstruction, options.efConstruction);
  put(headerNodeStride, shape.nodeStride);
  put(headerVectorOffset, shape.vectorOffset);
  put(headerEntry, noRow);
};

const createParts = (options: Required<KernelOptions>): KernelParts => {
  const shape = shapeOf(options);
  const space = createSpace(options.maxBytes, (cause) => fullError(options, shape, cause));
  writeHeader(space, options, shape);
  const rows = createRows(space, options, shape);
  const exports = instantiateKernel(space.memory);
  const scratch = createScratch(space, shape.paddedDimensions, options.m);
  const header = (field: number): number => Atomics.load(space.words, field >>> 2);
  const makeRoom = (results: number): void => {
    if (scratch.fit(header(headerLength), results)) exports.useScratch(scratch.address);
  };
  makeRoom(1);
  const bitSets = createBitSets(space, rows, exports);
  const places = createLock();
  return { options, shape, space, rows, exports, bitSets, scratch, places, makeRoom, header };
};

export const badInput = (message: string): PipewrightError => new PipewrightError('bad-input', message);

/** Results in the scratch memory, always the same object: the views are made anew only when they moved. */
const createFound = (space: Space, scratch: Scratch): ((count: number) => Nearest) => {
  let rows: Uint32Array = new Uint32Array();
  let distances: Float32Array = new Float32Array();
  let seenAt = 0;
  let words = space.words;
  const found = {
    count: 0,
    get rows() {
      return rows;
    },
    get distances() {
      return distances;
    },
  };
  return (count) => {
    const at = scratch.at(scratchFound);
    if (at !== seenAt || words !== space.words || rows.length < count) {
      const end = scratch.at(scratchFoundDistances);
      const room = roomFor(Math.max(count, 64));
      rows = space.words.subarray(at >>> 2, (at >>> 2) + room);
      distances = space.floats.subarray(end >>> 2, (end >>> 2) + room);
      seenAt = at;
      words = space.words;
    }
    found.count = count;
    return found;
  };
};

/** What answers queries in the thread of the caller. */
const createReader = (parts: KernelParts): Pick<VectorKernel, 'search' | 'scan'> & { readonly place: Place } => {
  const { space, exports, options, bitSets, scratch, makeRoom, header } = parts;
  const found = createFound(space, scratch);
  let listRoom = 0;
  let listAddress = 0;

  const place: Place = (vector, what) => {
    if (vector.length !== options.dimensions) {
      throw badInput(`${what} has ${vector.length} dimensions, not ${options.dimensions}.`);
    }
    space.floats.set(vector, scratch.at(scratchQuery) >>> 2);
  };
  const putList = (rows: Uint32Array): void => {
    if (rows.length > listRoom) {
      const room = roomFor(rows.length);
      const address = space.take(room * 4);
      if (listRoom > 0) space.give(listAddress, listRoom * 4);
      listRoom = room;
      listAddress = address;
    }
    space.words.set(rows, listAddress >>> 2);
  };
  const outRows = (): number => scratch.at(scratchFound);
  const outDistances = (): number => scratch.at(scratchFoundDistances);

  const search = (query: Float32Array, { k, ef = 64, bits }: GraphSearchOptions): Nearest => {
    const wanted = wantedOf(k, header(headerLength));
    const width = Math.max(Math.min(ef, header(headerLength)), wanted);
    place(query, 'A query');
    makeRoom(Math.max(bits === undefined ? width : width * farFactor, exports.reserveFor(wanted)));
    const held = bitSets.find(bits);
    return found(exports.search(wanted, width, held.address, held.length, outRows(), outDistances()));
  };
  const scan = (query: Float32Array, { k, rows, bits }: ScanOptions): Nearest => {
    const wanted = wantedOf(k, header(headerLength));
    place(query, 'A query');
    makeRoom(exports.reserveFor(wanted));
    if (rows !== undefined) {
      putList(rows);
      return found(exports.scanList(wanted, listAddress, rows.length, outRows(), outDistances()));
    }
    if (bits === undefined) return found(exports.scan(wanted, outRows(), outDistances()));
    const held = bitSets.find(bits);
    return found(exports.scanBits(wanted, held.address, held.length, outRows(), outDistances()));
  };
  return { place, search, scan };
};

/** Puts a vector where the kernel expects a query. */
type Place = (vector: Float32Array, what: string) => void;

export const wantedOf = (k: number, length: number): number => {
  if (!(Number.isInteger(k) && k >= 0)) throw badInput(`\`k\` must be a whole number of at least 0, got ${k}.`);
  return Math.min(k, length);
};

/** What sets, changes and reads single rows. */
const createRowAccess = (
  { rows, exports, makeRoom }: KernelParts,
  place: Place,
): Pick<VectorKernel, 'set' | 'get' | 'isLive' | 'isLinked' | 'remove' | 'link' | 'distance'> => {
  const flagsOf = (label: number): number => {
    const row = rows.rowOf(label);
    return row === noRow ? 0 : exports.flags(row);
  };
  const rowThatWasSet = (label: number): number => {
    const row = rows.rowOf(label);
    if (row === noRow) throw badInput(`Row ${label} was never set.`);
    return row;
  };
  return {
    set: (label, vector) => {
      if (!(Number.isInteger(label) && label >= 0)) {
        throw badInput(`A row must be a whole number from 0 on, got ${label}.`);
      }
      if ((flagsOf(label) & (isLive | isLinked | isQueued)) !== 0) {
        throw badInput(`Row ${label} is in use. Remove it, and consolidate the graph if it was linked.`);
      }
      place(vector, 'A vector');
      exports.set(rows.reach(label));
    },
    get: (label) => rows.read(rowThatWasSet(label)),
    isLive: (label) => (flagsOf(label) & isLive) !== 0,
    isLinked: (label) => (flagsOf(label) & isLinked) !== 0,
    remove: (label) => (exports.remove(rowThatWasSet(label)) & (isLinked | isQueued)) === 0,
    link: (label) => {
      const row = rowThatWasSet(label);
      makeRoom(1);
      exports.link(row);
    },
    distance: (labelA, labelB) => exports.distance(rowThatWasSet(labelA), rowThatWasSet(labelB)),
  };
};

/** The labels in the order of their rows. */
function* labelsInOrder({ rows }: KernelParts): Iterable<number> {
  for (let row = 0; row < rows.length; row++) {
    const label = rows.labelOf(row);
    if (label !== noRow) yield label;
  }
}

/**
 * An empty kernel.
 * @throws {PipewrightError} `bad-option`; `unsupported` where `isKernelAvailable()` is false; `memory-full` without address space.
 * @example createKernel({ dimensions: 2, metric: 'dot' }).length // => 0
 */
export const createKernel = (given: KernelOptions): VectorKernel => {
  const options = resolveKernelOptions(given);
  const parts = createParts(options);
  const { place, search, scan } = createReader(parts);
  const { header, shape, space } = parts;
  const dispose = (): void => {
    partsOfKernel.delete(kernel);
  };
  const kernel: VectorKernel = {
    options,
    isExact: options.precision === 'float32' || shape.originalStride > 0,
    get length() {
      return header(headerLabels);
    },
    get linkedCount() {
      return header(headerLinkedCount);
    },
    get deadCount() {
      return header(headerDeadCount);
    },
    get bytes() {
      return space.memory.buffer.byteLength;
    },
    ...createRowAccess(parts, place),
    search,
    scan,
    rowsInOrder: () => labelsInOrder(parts),
    exportGraph: () => exportGraph(parts),
    importGraph: (pieces) => importGraph(parts, pieces),
    dispose,
    [Symbol.dispose]: dispose,
  };
  partsOfKernel.set(kernel, parts);
  return kernel;
};
