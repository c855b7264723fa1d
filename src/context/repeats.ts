import { words } from '../text/index.js';

/** Stretches of so many words are compared. */
const shingleLength = 5;

const shinglesOf = (text: string): ReadonlySet<string> => {
  const all = words(text);
  const shingles = new Set<string>();
  for (let at = 0; at < Math.max(1, all.length - shingleLength + 1); at++) {
    shingles.add(all.slice(at, at + shingleLength).join(' '));
  }
  return shingles;
};

/**
 * Remembers texts, and tells of a further one whether it says nothing new: whether one text before it holds at least `ratio` of its
 * stretches of five words (containment, Broder 1997). Takes time by the stretches that texts share, not by how many there are.
 */
export const repeatFinder = (ratio: number): ((text: string) => boolean) => {
  const holders = new Map<string, number[]>();
  let known = 0;
  return (text) => {
    const shingles = shinglesOf(text);
    const shared = new Map<number, number>();
    for (const shingle of shingles) {
      for (const holder of holders.get(shingle) ?? []) shared.set(holder, (shared.get(holder) ?? 0) + 1);
    }
    for (const count of shared.values()) if (count >= ratio * shingles.size) return true;
    for (const shingle of shingles) {
      const ids = holders.get(shingle);
      if (ids === undefined) holders.set(shingle, [known]);
      else ids.push(known);
    }
    known++;
    return false;
  };
};
