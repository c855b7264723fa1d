import { PipewrightError } from '../../core/index.js';
import {
  blockMask,
  blockRows,
  blockShift,
  heapStart,
  lineBytes,
  maxBlocks,
  maxLevel,
  nodeLevel,
  nodeLinks,
  nodeScale,
  nodeTable,
  nodeUpper,
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

/** How many rows of this shape fit into so many bytes, about. */
export const rowsThatFit = ({ nodeStride, originalStride }: Shape, m: number, bytes: number): number => {
  const upperBytes = (4 * (m + 1)) / (m - 1);
  const rowBytes = nodeStride + originalStride + upperBytes;
  return Math.max(0, Math.floor((bytes - heapStart) / rowBytes / blockRows) * blockRows);
};

/** The nodes of the rows, in blocks that are made when a row in them is first used. */
export interface Rows {
  /** Makes all blocks up to the one that the row lies in. */
  readonly reach: (row: number) => void;
  /** Whether its block is there. */
  readonly has: (row: number) => boolean;
  readonly nodeAt: (row: number) => number;
  readonly levelOf: (row: number) => number;
  /** Where the list of a row on a level is: a count, then rows. */
  readonly listAt: (row: number, level: number) => number;
  /** Gives a row another highest level than it drew: that of a graph that is read in. */
  readonly setLevel: (row: number, level: number) => void;
  /** The vector of a row as numbers, without the zeros that fill it up. */
  readonly read: (row: number) => Float32Array;
}

/** Mixes the seed and the number of a row to 32 bits that look random (the finalizer of MurmurHash3). */
const hashOf = (seed: number, row: number): number => {
  let hash = (seed + Math.imul(row + 1, 0x9e3779b9)) | 0;
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
const drawLevel = ({ seed, m }: Required<KernelOptions>, row: number): number => {
  const chance = (hashOf(seed, row) + 1) / 4_294_967_296;
  return Math.min(maxLevel, Math.floor(-Math.log(chance) / Math.log(m)));
};

/** Where the node and the original of a row are. */
const createAddresses = ({ words }: { readonly words: () => Uint32Array }, { nodeStride, originalStride }: Shape) => ({
  nodeAt: (row: number): number =>
    (words()[(nodeTable >>> 2) + (row >>> blockShift)] as number) + (row & blockMask) * nodeStride,
  originalAt: (row: number): number =>
    (words()[(originalTable >>> 2) + (row >>> blockShift)] as number) + (row & blockMask) * originalStride,
});

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

export const createRows = (space: Space, options: Required<KernelOptions>, shape: Shape): Rows => {
  const { m } = options;
  const { nodeStride, originalStride } = shape;
  const { nodeAt, originalAt } = createAddresses({ words: () => space.words }, shape);
  const takeUpper = createSlab(space);
  let blocks = 0;

  const setLevel = (node: number, level: number): void => {
    const known = space.words[(node + nodeLevel) >>> 2] as number;
    if (level > known) {
      const upper = takeUpper(level * (m + 1) * 4);
      space.words[(node + nodeUpper) >>> 2] = upper;
    }
    space.words[(node + nodeLevel) >>> 2] = level;
  };
  const addBlock = (): void => {
    if (blocks === maxBlocks) {
      throw new PipewrightError('memory-full', `A vector collection holds at most ${maxBlocks * blockRows} rows.`);
    }
    const nodes = space.take(blockRows * nodeStride);
    const originals = originalStride === 0 ? 0 : space.take(blockRows * originalStride);
    for (let i = 0; i < blockRows; i++) setLevel(nodes + i * nodeStride, drawLevel(options, blocks * blockRows + i));
    space.words[(nodeTable >>> 2) + blocks] = nodes;
    space.words[(originalTable >>> 2) + blocks] = originals;
    blocks++;
  };
  return {
    reach: (row) => {
      while (row >= blocks * blockRows) addBlock();
    },
    has: (row) => row < blocks * blockRows,
    nodeAt,
    levelOf: (row) => space.words[(nodeAt(row) + nodeLevel) >>> 2] as number,
    listAt: (row, level) => {
      const node = nodeAt(row);
      if (level === 0) return node + nodeLinks;
      return (space.words[(node + nodeUpper) >>> 2] as number) + (level - 1) * (m + 1) * 4;
    },
    setLevel: (row, level) => setLevel(nodeAt(row), level),
    read: (row) => readVector(space, options, shape, { node: nodeAt(row), original: originalAt(row) }),
  };
};
