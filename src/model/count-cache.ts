/** Remembers the token counts of the texts that were counted last. */
export interface CountCache {
  readonly get: (text: string) => number | undefined;
  readonly set: (text: string, tokens: number) => void;
}

/** A cache that keeps at most `maxLength` characters of text in all and forgets what was not asked for longest. */
export const countCache = (maxLength: number): CountCache => {
  const counts = new Map<string, number>();
  let length = 0;
  return {
    get: (text) => {
      const tokens = counts.get(text);
      if (tokens === undefined) return undefined;
      counts.delete(text);
      counts.set(text, tokens);
      return tokens;
    },
    set: (text, tokens) => {
      // One long text must not push out all the others.
      if (text.length > maxLength / 4 || counts.has(text)) return;
      counts.set(text, tokens);
      length += text.length;
      for (const oldest of counts.keys()) {
        if (length <= maxLength) return;
        counts.delete(oldest);
        length -= oldest.length;
      }
    },
  };
};
