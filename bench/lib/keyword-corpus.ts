import { type Random, seededRandom } from '../../src/core/index.js';
import { words } from '../../src/text/index.js';
import { collectionsIn, readCollection } from './collection.js';

export interface KeywordCorpus {
  /** Where the words come from. */
  readonly source: string;
  readonly texts: readonly string[];
  readonly queries: readonly string[];
}

const vocabularySize = 30_000;

/** Made-up words whose frequencies follow Zipf's law. */
const madeUp = (random: Random, count: number): string[] =>
  Array.from({ length: count }, () => `w${Math.floor(vocabularySize ** random())}`);

/** Short texts: stretches of 8 to 40 words out of the collections, and their questions; made-up words where they are absent. */
export const keywordCorpus = async (folder: string, count: number): Promise<KeywordCorpus> => {
  const random = seededRandom(11);
  const lengthOf = (): number => 8 + Math.floor(random() * 33);
  const names = await collectionsIn(folder);
  if (names.length === 0) {
    return {
      source: `made-up words, because ${folder} is absent`,
      texts: Array.from({ length: count }, () => madeUp(random, lengthOf()).join(' ')),
      queries: Array.from({ length: 500 }, () => madeUp(random, 8).join(' ')),
    };
  }
  const collections = await Promise.all(names.map((name) => readCollection(folder, name)));
  const pieces = collections.flatMap(({ documents }) => documents.map(({ text }) => text.split(/\s+/u)));
  const all = pieces.flat();
  const texts = Array.from({ length: count }, () => {
    const start = Math.floor(random() * (all.length - 40));
    return all.slice(start, start + lengthOf()).join(' ');
  });
  const queries = collections.flatMap((collection) => collection.queries.map(({ text }) => text));
  return { source: names.join(', '), texts, queries: queries.sort(() => random() - 0.5).slice(0, 500) };
};

/** The positions of the best texts by BM25, from its formula over all texts, for each query. */
export const exactRanking = (
  texts: readonly string[],
  queries: readonly string[],
  k: number,
): readonly (readonly number[])[] => {
  const [k1, b] = [1.2, 0.75];
  const counts = texts.map((text) => {
    const found = new Map<string, number>();
    for (const word of words(text)) found.set(word, (found.get(word) ?? 0) + 1);
    return found;
  });
  const lengths = texts.map((text) => words(text).length);
  const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const having = new Map<string, number>();
  for (const found of counts) for (const word of found.keys()) having.set(word, (having.get(word) ?? 0) + 1);
  return queries.map((query) => {
    const terms = words(query).map((word) => {
      const frequency = having.get(word) ?? 0;
      return { word, idf: Math.log(1 + (texts.length - frequency + 0.5) / (frequency + 0.5)) };
    });
    const scored = counts.map((found, at) => {
      let score = 0;
      for (const { word, idf } of terms) {
        const f = found.get(word) ?? 0;
        if (f > 0) score += (idf * f * (k1 + 1)) / (f + k1 * (1 - b + (b * (lengths[at] ?? 0)) / average));
      }
      return { at, score };
    });
    scored.sort((x, y) => y.score - x.score || x.at - y.at);
    return scored.slice(0, k).flatMap(({ at, score }) => (score > 0 ? [at] : []));
  });
};
