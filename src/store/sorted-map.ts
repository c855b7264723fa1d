/** Moves surrogates behind the rest of the plane, so that code units compare as the UTF-8 bytes of their characters do. */
const rank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

/** Orders strings by their UTF-8 bytes. JavaScript's `<` differs from that where surrogates meet U+E000 to U+FFFF. */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
};

/** Index of the first item that does not come before `key`. `keyOf` reads the key of the item at an index. */
const lowerBound = (length: number, keyOf: (index: number) => string, key: string): number => {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keyOf(middle), key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

const maxBlock = 512;

/** A map whose keys can be walked in the order of their UTF-8 bytes. */
export interface SortedMap<Value> {
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value) => void;
  readonly delete: (key: string) => void;
  /** At most `limit` entries with `from <= key < to`; from the end when `isReversed`. */
  readonly slice: (from: string, to: string, limit: number, isReversed: boolean) => [string, Value][];
}

/** Keys stand in sorted blocks of bounded size, so an insertion moves few of them. */
export const sortedMap = <Value>(): SortedMap<Value> => {
  const values = new Map<string, Value>();
  const blocks: string[][] = [];
  const at = (block: number, index: number): string => blocks[block]?.[index] ?? '';

  /** Where `key` stands or would stand. */
  const locate = (key: string): { readonly block: number; readonly index: number } => {
    const last = (block: number): string => at(block, (blocks[block]?.length ?? 1) - 1);
    const block = lowerBound(blocks.length, last, key);
    return { block, index: lowerBound(blocks[block]?.length ?? 0, (index) => at(block, index), key) };
  };

  const insertKey = (key: string): void => {
    const place = locate(key);
    // Behind the last key of all: the last block grows.
    const block = Math.min(place.block, Math.max(blocks.length - 1, 0));
    blocks[block] ??= [];
    const keys = blocks[block];
    keys.splice(place.block === block ? place.index : keys.length, 0, key);
    if (keys.length > maxBlock) blocks.splice(block + 1, 0, keys.splice(maxBlock / 2));
  };

  const removeKey = (key: string): void => {
    const { block, index } = locate(key);
    const keys = blocks[block];
    keys?.splice(index, 1);
    if (keys?.length === 0) blocks.splice(block, 1);
  };

  const step = (block: number, index: number, isReversed: boolean): [number, number] => {
    if (!isReversed) return index + 1 < (blocks[block]?.length ?? 0) ? [block, index + 1] : [block + 1, 0];
    return index > 0 ? [block, index - 1] : [block - 1, (blocks[block - 1]?.length ?? 0) - 1];
  };

  return {
    get: (key) => values.get(key),
    set: (key, value) => {
      if (!values.has(key)) insertKey(key);
      values.set(key, value);
    },
    delete: (key) => {
      if (values.delete(key)) removeKey(key);
    },
    slice: (from, to, limit, isReversed) => {
      const entries: [string, Value][] = [];
      const start = locate(isReversed ? to : from);
      let [block, index] = isReversed ? step(start.block, start.index, true) : [start.block, start.index];
      while (entries.length < limit && block >= 0 && block < blocks.length) {
        const key = at(block, index);
        if (isReversed ? compareKeys(key, from) < 0 : compareKeys(key, to) >= 0) break;
        entries.push([key, values.get(key) as Value]);
        [block, index] = step(block, index, isReversed);
      }
      return entries;
    },
  };
};
