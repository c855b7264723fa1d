import type { KernelExports } from './module.js';
import type { Rows } from './rows.js';
import { roomFor, type Space } from './space.js';

/** A bit set in the memory of a kernel. */
export interface HeldBits {
  /** 0 for none. */
  readonly address: number;
  /** How many rows it speaks of. */
  readonly length: number;
}

/**
 * Bit sets that were searched with lately, given as labels and held as rows, which a search goes through in the order of memory: an equal
 * filter costs nothing the second time.
 */
export interface BitSets {
  readonly find: (bits: Uint32Array | undefined) => HeldBits;
  /** The same, kept until `release` is called, however many others come. */
  readonly hold: (bits: Uint32Array | undefined) => HeldBits & { readonly release: () => void };
}

const maxKept = 8;
const noBits: HeldBits = { address: 0, length: 0 };

interface Entry extends HeldBits {
  /** What `rows.changes` was when it was written. */
  readonly changes: number;
  readonly bytes: number;
  holders: number;
  /** Not to be found again: its room is given back when nobody holds it. */
  isOld: boolean;
}

export const createBitSets = (space: Space, rows: Rows, { placeBits }: KernelExports): BitSets => {
  /** In the order of their use, the latest last. */
  const kept = new Map<Uint32Array, Entry>();
  const drop = (bits: Uint32Array, entry: Entry): void => {
    kept.delete(bits);
    entry.isOld = true;
    if (entry.holders === 0) space.give(entry.address, entry.bytes);
  };
  const trim = (): void => {
    for (const [bits, entry] of kept) {
      if (kept.size <= maxKept) return;
      if (entry.holders === 0) drop(bits, entry);
    }
  };
  const write = (bits: Uint32Array, address: number, length: number): void => {
    const bytes = roomFor(bits.byteLength);
    const labels = space.take(bytes);
    space.words.set(bits, labels >>> 2);
    placeBits(labels, bits.length * 32, address, length);
    space.give(labels, bytes);
  };
  const enter = (bits: Uint32Array): Entry => {
    const known = kept.get(bits);
    if (known?.changes === rows.changes) {
      kept.delete(bits);
      kept.set(bits, known);
      return known;
    }
    if (known !== undefined) drop(bits, known);
    const words = Math.ceil(rows.length / 32);
    const bytes = roomFor(words * 4);
    const address = space.take(bytes);
    write(bits, address, words * 32);
    const entry = { address, length: words * 32, changes: rows.changes, bytes, holders: 0, isOld: false };
    kept.set(bits, entry);
    trim();
    return entry;
  };
  return {
    find: (bits) => (bits === undefined ? noBits : enter(bits)),
    hold: (bits) => {
      if (bits === undefined) return { ...noBits, release: () => undefined };
      const entry = enter(bits);
      entry.holders++;
      return {
        address: entry.address,
        length: entry.length,
        release: () => {
          entry.holders--;
          if (entry.isOld && entry.holders === 0) space.give(entry.address, entry.bytes);
          trim();
        },
      };
    },
  };
};
