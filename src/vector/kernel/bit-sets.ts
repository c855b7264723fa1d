import { roomFor, type Space } from './space.js';

/** A bit set in the memory of a kernel. */
export interface HeldBits {
  /** 0 for none. */
  readonly address: number;
  /** How many numbers it speaks of. */
  readonly length: number;
}

/** Forms of bit sets that were searched with lately: an equal filter costs nothing the second time. */
export interface BitSets {
  readonly find: (bits: Uint32Array | undefined) => HeldBits;
  /** The same, kept until `release` is called, however many others come. */
  readonly hold: (bits: Uint32Array | undefined) => HeldBits & { readonly release: () => void };
}

export interface BitSetForm {
  readonly wordsFor: (bits: Uint32Array) => number;
  /** Writes so many words. */
  readonly write: (bits: Uint32Array, address: number, words: number) => void;
  /** What was written when this was another number does not count any more. */
  readonly version: () => number;
}

const maxKept = 8;
const noBits: HeldBits = { address: 0, length: 0 };

interface Entry extends HeldBits {
  readonly version: number;
  readonly bytes: number;
  holders: number;
}

export const createBitSets = (space: Space, { wordsFor, write, version }: BitSetForm): BitSets => {
  /** In the order of their use, the latest last. */
  const kept = new Map<Uint32Array, Entry>();
  const drop = (bits: Uint32Array, { address, bytes }: Entry): void => {
    kept.delete(bits);
    space.give(address, bytes);
  };
  const trim = (): void => {
    for (const [bits, entry] of kept) {
      if (kept.size <= maxKept) return;
      if (entry.holders === 0) drop(bits, entry);
    }
  };
  const enter = (bits: Uint32Array): Entry => {
    const known = kept.get(bits);
    if (known?.version === version()) {
      kept.delete(bits);
      kept.set(bits, known);
      return known;
    }
    if (known !== undefined) drop(bits, known);
    const words = wordsFor(bits);
    const bytes = roomFor(words * 4);
    const address = space.take(bytes);
    write(bits, address, words);
    const entry = { address, length: words * 32, version: version(), bytes, holders: 0 };
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
          trim();
        },
      };
    },
  };
};
