/** A row is in when bit `row & 31` of the word at `row >>> 5` is set. */
export type Bits = Uint32Array;

const everything = 0xffffffff;

export const allBits = (wordCount: number): Bits => new Uint32Array(wordCount).fill(everything);

/** What is in each; everything, when there are none. */
export const intersect = (all: readonly Bits[], wordCount: number): Bits => {
  const bits = allBits(wordCount);
  for (const other of all) for (let i = 0; i < wordCount; i++) bits[i] = (bits[i] as number) & (other[i] as number);
  return bits;
};

/** What is in some; nothing, when there are none. */
export const unite = (all: readonly Bits[], wordCount: number): Bits => {
  const bits = new Uint32Array(wordCount);
  for (const other of all) for (let i = 0; i < wordCount; i++) bits[i] = (bits[i] as number) | (other[i] as number);
  return bits;
};

/** Turns the bits over, in place. */
export const invert = (bits: Bits): Bits => {
  for (let i = 0; i < bits.length; i++) bits[i] = ~(bits[i] as number);
  return bits;
};

export const setBit = (bits: Bits, row: number): void => {
  const at = row >>> 5;
  bits[at] = (bits[at] as number) | (1 << (row & 31));
};

export const clearBit = (bits: Bits, row: number): void => {
  const at = row >>> 5;
  bits[at] = (bits[at] as number) & ~(1 << (row & 31));
};
