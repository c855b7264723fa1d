/** Some rows of a table. It stays as it is when the table changes. */
export interface RowSet {
  /** A row is in when bit `row & 31` of the word at `row >>> 5` is set; there may be fewer words than the table has rows. */
  readonly bits: Uint32Array;
  /** How many there are. */
  readonly count: number;
  /** Their numbers, ascending. */
  readonly rows: () => Uint32Array;
}

const bitsPerWord = 32;

/** How many bits of a word are set; Hacker's Delight, figure 5-2. */
const popCount = (word: number): number => {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

const countOf = (bits: Uint32Array): number => {
  let count = 0;
  for (let i = 0; i < bits.length; i++) count += popCount(bits[i] as number);
  return count;
};

const rowsOf = (bits: Uint32Array, count: number): Uint32Array => {
  const rows = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < bits.length; i++) {
    let word = bits[i] as number;
    while (word !== 0) {
      const lowest = word & -word;
      rows[at++] = i * bitsPerWord + (31 - Math.clz32(lowest));
      word ^= lowest;
    }
  }
  return rows;
};

/** The set that these bits say. They are not copied: nobody may change them afterwards. */
export const rowSet = (bits: Uint32Array): RowSet => {
  const count = countOf(bits);
  let rows: Uint32Array | undefined;
  return {
    bits,
    count,
    rows: () => {
      rows ??= rowsOf(bits, count);
      return rows;
    },
  };
};
