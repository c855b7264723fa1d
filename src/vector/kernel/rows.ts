import { PipewrightError } from '../../core/index.js';
import {
  blockMask,
  blockRows,
  blockShift,
  headerLabels,
  heapStart,
  labelTable,
  lineBytes,
  maxBlocks,
  maxLevel,
  nodeLevel,
  nodeLinks,
  nodeScale,
  nodeTable,
  nodeUpper,
  noRow,
  originalTable,
} from './assembly/layout.js';
import type { Space } from './space.js';
import type { KernelOptions } from './types.js';

/** Sizes that follow from the options. */
export interface Shape {
  /** Numbers in a vector with the zeros that fill it up. */
  readonly paddedDimensions: number;
  readonly vectorOffset: number;
  readonly nodeStride: number;
  /** Bytes of a float32 original beside the codes; 0 for none. */
  readonly originalStride: number;
}

const alignTo = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

export const shapeOf = ({ dimensions, precision, keepsOriginals, m }: Required<KernelOptions>): Shape => {
  const paddedDimensions = alignTo(dimensions, 16);
  const isInt8 = precision === 'int8';
  // Codes alone are there to save memory: they may begin within a line, and with them every other node.
  const unit = isInt8 && !keepsOriginals ? lineBytes / 2 : lineBytes;
  const vectorOffset = alignTo(nodeLinks + 4 * (1 + 2 * m), unit);
  return {
    paddedDimensions,
    vectorOffset,
    nodeStride: vectorOffset + alignTo(isInt8 ? paddedDimensions : 4 * paddedDimensions, unit),
    originalStride: isInt8 && keepsOriginals ? 4 * paddedDimensions : 0,
  };
};

const labelBytes = 4;

/** How many rows of this shape fit into so many bytes, about. */
export const rowsThatFit = ({ nodeStride, originalStride }: Shape, m: number, bytes: number): number => {
  const upperBytes = (4 * (m + 1)) / (m - 1);
  const rowBytes = nodeStride + originalStride + upperBytes + 2 * labelBytes;
  return Math.max(0, Math.floor((bytes - heapStart) / rowBytes / blockRows) * blockRows);
};

/**
 * The nodes of the rows, in blocks that are made when they are needed. A label gets the next free row when it is first asked for,
 * and stays with what is in it when that is moved.
 */
export interface Rows {
  /** The row of a label; it gets one if it has none. */
  readonly reach: (label: number) => number;
  /** `noRow` for a label without one. */
  readonly rowOf: (label: number) => number;
  /** `noRow` for a row without one. */
  readonly labelOf: (row: number) => number;
  /** One above the highest row that is in use. */
  readonly length: number;
  /** A row without a label, to move another one to. */
  readonly takeSpare: () => number;
  /** Takes note of a row that has no label now: the next label gets it. */
  readonly giveSpare: (row: number) => void;
  /** How often a label got a row, or another one. */
  readonly changes: number;
  readonly noteMove: () => void;
  readonly nodeAt: (row: number) => number;
  readonly levelOf: (row: number) => number;
  /** Where the list of a row on a level is: a count, then rows. */
  readonly listAt: (row: number, level: number) => number;
  /** Gives a row another highest level than it drew: that of a graph that is read in. */
  readonly setLevel: (row: number, level: number) => void;
  /** The vector of a row as numbers, without the zeros that fill it up. */
  readonly read: (row: number) => Float32Array;
}

/** Mixes the seed and a label to 32 bits that look random (the finalizer of MurmurHash3). */
const hashOf = (seed: number, label: number): number => {
  let hash = (seed + Math.imul(label + 1, 0x9e3779b9)) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

const slabBytes = 16_384;

/** Hands out small pieces that are never given back. */
const createSlab = (space: Space): ((bytes: number) => number) => {
  let next = 0;
  let end = 0;
  return (bytes) => {
    if (next + bytes > end) {
      const size = Math.max(slabBytes, bytes);
      next = space.take(size);
      end = next + size;
    }
    next += bytes;
    return next - bytes;
  };
};

/** As likely as in the paper: each level holds one row in `m` of the one below. */
const drawLevel = ({ seed, m }: Required<KernelOptions>, label: number): number => {
  const chance = (hashOf(seed, label) + 1) / 4_294_967_296;
  return Math.min(maxLevel, Math.floor(-Math.log(chance) / Math.log(m)));
};

/** Where things are that belong to a row or to a label. */
const createAddresses = (space: Space, { nodeStride, originalStride }: Shape) => {
  const blockOf = (table: number, number: number): number =>
    space.words[(table >>> 2) + (number >>> blockShift)] as number;
  return {
    nodeAt: (row: number): number => blockOf(nodeTable, row) + (row & blockMask) * nodeStride,
    originalAt: (row: number): number => blockOf(originalTable, row) + (row & blockMask) * originalStride,
    labelAt: (row: number): number => blockOf(nodeTable, row) + blockRows * nodeStride + (row & blockMask) * labelBytes,
    rowAt: (label: number): number => blockOf(labelTable, label) + (label & blockMask) * labelBytes,
  };
};

type Addresses = ReturnType<typeof createAddresses>;

/** The vector of a row as numbers, without the zeros that fill it up. */
const readVector = (space: Space, { dimensions, precision }: KernelOptions, shape: Shape, at: Place): Float32Array => {
  if (precision === 'int8' && shape.originalStride === 0) {
    const scale = space.floats[(at.node + nodeScale) >>> 2] as number;
    const codes = new Int8Array(space.memory.buffer, at.node + shape.vectorOffset, dimensions);
    return Float32Array.from(codes, (code) => code * scale);
  }
  const first = (precision === 'int8' ? at.original : at.node + shape.vectorOffset) >>> 2;
  return new Float32Array(space.floats.subarray(first, first + dimensions));
};

interface Place {
  readonly node: number;
  readonly original: number;
}

/** Makes blocks of something, as many as are needed for a number; `make` gives the address of a new one. */
const createBlocks = (space: Space, table: number, make: () => number): ((number: number) => void) => {
  let count = 0;
  return (number) => {
    while (number >= count * blockRows) {
      if (count === maxBlocks) {
        throw new PipewrightError('memory-full', `A vector collection holds at most ${maxBlocks * blockRows} rows.`);
      }
      const address = make();
      space.words[(table >>> 2) + count] = address;
      count++;
    }
  };
};

/** Marks a block of labels, or of their rows, as empty; returns its address. */
const emptied = (space: Space, address: number): number => {
  space.words.fill(noRow, address >>> 2, (address >>> 2) + blockRows);
  return address;
};

/** Hands out rows that have no label. */
const createSpares = (
  space: Space,
  { nodeStride, originalStride }: Shape,
): Pick<Rows, 'length' | 'takeSpare' | 'giveSpare'> => {
  const reachNode = createBlocks(space, nodeTable, () => {
    const nodes = space.take(blockRows * (nodeStride + labelBytes));
    emptied(space, nodes + blockRows * nodeStride);
    return nodes;
  });
  const reachOriginal = createBlocks(space, originalTable, () => space.take(blockRows * originalStride));
  const spares: number[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    takeSpare: () => {
      const spare = spares.pop();
      if (spare !== undefined) return spare;
      reachNode(length);
      if (originalStride > 0) reachOriginal(length);
      return length++;
    },
    giveSpare: (row) => {
      spares.push(row);
    },
  };
};

/** Which label has which row. */
const createLabels = (
  space: Space,
  { labelAt, rowAt }: Addresses,
): Pick<Rows, 'rowOf' | 'labelOf'> & { readonly reach: (label: number) => void; readonly join: Join } => {
  const labels = (): number => space.words[headerLabels >>> 2] as number;
  return {
    rowOf: (label) => (label < labels() ? (space.words[rowAt(label) >>> 2] as number) : noRow),
    labelOf: (row) => space.words[labelAt(row) >>> 2] as number,
    reach: createBlocks(space, labelTable, () => emptied(space, space.take(blockRows * labelBytes))),
    join: (label, row) => {
      space.words[labelAt(row) >>> 2] = label;
      space.words[rowAt(label) >>> 2] = row;
      Atomics.store(space.words, headerLabels >>> 2, Math.max(labels(), label + 1));
    },
  };
};

type Join = (label: number, row: number) => void;

export const createRows = (space: Space, options: Required<KernelOptions>, shape: Shape): Rows => {
  const { m } = options;
  const addresses = createAddresses(space, shape);
  const { nodeAt, originalAt } = addresses;
  const spares = createSpares(space, shape);
  const labels = createLabels(space, addresses);
  const takeUpper = createSlab(space);
  let changes = 0;

  const setLevel = (row: number, level: number): void => {
    const node = nodeAt(row);
    const known = space.words[(node + nodeLevel) >>> 2] as number;
    if (level > known) {
      const upper = takeUpper(level * (m + 1) * 4);
      space.words[(node + nodeUpper) >>> 2] = upper;
    }
    space.words[(node + nodeLevel) >>> 2] = level;
  };
  return {
    reach: (label) => {
      const known = labels.rowOf(label);
      if (known !== noRow) return known;
      labels.reach(label);
      const row = spares.takeSpare();
      setLevel(row, drawLevel(options, label));
      labels.join(label, row);
      changes++;
      return row;
    },
    rowOf: labels.rowOf,
    labelOf: labels.labelOf,
    get length() {
      return spares.length;
    },
    takeSpare: spares.takeSpare,
    giveSpare: spares.giveSpare,
    get changes() {
      return changes;
    },
    noteMove: () => {
      changes++;
    },
    nodeAt,
    levelOf: (row) => space.words[(nodeAt(row) + nodeLevel) >>> 2] as number,
    listAt: (row, level) => {
      const node = nodeAt(row);
      if (level === 0) return node + nodeLinks;
      return (space.words[(node + nodeUpper) >>> 2] as number) + (level - 1) * (m + 1) * 4;
    },
    setLevel,
    read: (row) => readVector(space, options, shape, { node: nodeAt(row), original: originalAt(row) }),
  };
};
