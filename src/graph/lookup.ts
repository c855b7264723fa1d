import { stopWords, wordRarity } from '../text/index.js';
import type { GraphState } from './graph-state.js';
import { nameKey, nameWords } from './name-key.js';
import { canonicalKey, documentCount, membersOf } from './resolve.js';

/** The longest name that is looked for in a text, in words. */
const maxWords = 8;
/** A word that more names hold says nothing of any of them. */
const maxPostings = 64;
/** Names that are looked through for a search by words. */
const maxScanned = 10_000;

const isNamed = (state: GraphState, canonical: string): boolean =>
  membersOf(state, canonical).some(({ parts }) => parts.size > 0);

/** The entities that go by exactly this name: several when it is short for several. */
export const keysOf = (state: GraphState, key: string): readonly string[] => {
  const node = state.nodes.get(key);
  if (node === undefined) return [];
  const canonical = canonicalKey(state, key);
  if (isNamed(state, canonical)) return [canonical];
  return [...new Set(Array.from(node.longNames.keys(), (long) => canonicalKey(state, long)))].filter((long) =>
    isNamed(state, long),
  );
};

/** Entities by name: exactly that name first, then those that hold all its words, the most mentioned first. */
export const findKeys = (state: GraphState, name: string, limit: number): readonly string[] => {
  const key = nameKey(name);
  const found = new Set(keysOf(state, key));
  const postings = nameWords(name).map((word) => state.byWord.get(word));
  const [least] = postings.toSorted((a, b) => (a?.size ?? 0) - (b?.size ?? 0));
  const more = new Map<string, number>();
  let scanned = 0;
  for (const candidate of least ?? []) {
    if (scanned++ > maxScanned) break;
    if (!postings.every((one) => one?.has(candidate) === true)) continue;
    for (const one of keysOf(state, candidate)) if (!found.has(one)) more.set(one, documentCount(state, one));
  }
  const ranked = [...more].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([one]) => one);
  return [...found, ...ranked].slice(0, limit);
};

/** An entity that a text names, and how surely: 1 by its whole name, less by a word of it. */
export interface NamedKey {
  readonly key: string;
  readonly weight: number;
}

/** The words of a text as they stand, by their normal form; those in capital letters may be names. */
const capitalWords = (text: string): ReadonlySet<string> =>
  new Set((text.match(/(?<![\p{L}\p{N}])\p{Lu}[\p{L}\p{N}.&'’-]*/gu) ?? []).flatMap(nameWords));

/** The entities that a text names: longest names first, then, of words left over, names that hold them. */
export const namedIn = (state: GraphState, text: string): readonly NamedKey[] => {
  const words = nameWords(text);
  const capitals = capitalWords(text);
  const weights = new Map<string, number>();
  const left: string[] = [];
  for (let at = 0; at < words.length; ) {
    const length = longestName(state, words, at, capitals);
    if (length === 0) {
      left.push(words[at] ?? '');
      at++;
      continue;
    }
    const keys = keysOf(state, words.slice(at, at + length).join(' '));
    for (const key of keys) weights.set(key, Math.max(weights.get(key) ?? 0, 1 / keys.length));
    at += length;
  }
  for (const word of left) {
    const postings = state.byWord.get(word);
    if (postings === undefined || postings.size > maxPostings || wordRarity(word) < 0.9) continue;
    const keys = new Set([...postings].flatMap((key) => keysOf(state, key)));
    for (const key of keys) weights.set(key, Math.max(weights.get(key) ?? 0, 0.5 / keys.size));
  }
  return Array.from(weights, ([key, weight]) => ({ key, weight })).sort(
    (a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1),
  );
};

/** How many words from `at` on are the name of an entity; 0 when none are. `us` is a name only as `US`. */
const longestName = (
  state: GraphState,
  words: readonly string[],
  at: number,
  capitals: ReadonlySet<string>,
): number => {
  for (let length = Math.min(maxWords, words.length - at); length > 0; length--) {
    const [first = ''] = words.slice(at);
    const isWord = length === 1 && (stopWords.has(first) || first.length < 3);
    if (isWord && !capitals.has(first)) continue;
    if (keysOf(state, words.slice(at, at + length).join(' ')).length > 0) return length;
  }
  return 0;
};
