import { roomFor, type Space } from './space.js';

/** A bit set in the memory of a kernel. */
export interface HeldBits {
  /** 0 for none. */
  readonly address: number;
  /** How many labels it speaks of. */
  readonly labels: number;
}

/** Copies of bit sets that were searched with lately: an equal filter costs nothing the second time. */
export interface BitSets {
  readonly find: (bits: Uint32Array | undefined) => HeldBits;
  /** The same, kept until `release` is called, however many others come. */
  readonly hold: (bits: Uint32Array | undefined) => HeldBits & { readonly release: () => void };
}

const maxKept = 8;
const noBits: HeldBits = { address: 0, labels: 0 };

interface Entry extends HeldBits {
  holders: number;
}

export const createBitSets = (space: Space): BitSets => {
  /** In the order of their use, the latest last. */
  const kept = new Map<Uint32Array, Entry>();
  const bytesOf = (bits: Uint32Array): number => roomFor(bits.byteLength);
  const trim = (): void => {
    for (const [bits, { address, holders }] of kept) {
      if (kept.size <= maxKept) return;
      if (holders > 0) continue;
      kept.delete(bits);
      space.give(address, bytesOf(bits));
    }
  };
  const enter = (bits: Uint32Array): Entry => {
    const known = kept.get(bits);
    if (known !== undefined) {
      kept.delete(bits);
      kept.set(bits, known);
      return known;
    }
    const address = space.take(bytesOf(bits));
    space.words.set(bits, address >>> 2);
    const entry = { address, labels: bits.length * 32, holders: 0 };
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
        labels: entry.labels,
        release: () => {
          entry.holders--;
          trim();
        },
      };
    },
  };
};
