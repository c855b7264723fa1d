/** Remembers the token counts of the texts that were counted last. */
export interface CountCache {
  readonly get: (text: string) => number | undefined;
  readonly set: (text: string, tokens: number) => void;
}

/** An entry takes room beside its text: many short texts must not take more than a few long ones. */
const entryLength = 32;

/**
 * A cache that keeps at most `maxLength` characters of text in all, each text counted with `entryLength` more. It has two
 * generations: what is asked for moves to the younger one, and when that is half of the whole, the older one is forgotten. Moving
 * entries within one map, as exact order would need, costs more than counting a short text.
 */
export const countCache = (maxLength: number): CountCache => {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  let length = 0;
  const set = (text: string, tokens: number): void => {
    // One long text must not push out all the others.
    if (text.length > maxLength / 4 || young.has(text)) return;
    const own = text.length + entryLength;
    if (length + own > maxLength / 2) {
      old = young;
      young = new Map();
      length = 0;
    }
    young.set(text, tokens);
    length += own;
  };
  const get = (text: string): number | undefined => {
    const tokens = young.get(text);
    if (tokens !== undefined) return tokens;
    const before = old.get(text);
    if (before !== undefined) set(text, before);
    return before;
  };
  return { get, set };
};
