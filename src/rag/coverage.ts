import { stem, stopWords, wordRarity, words } from '../text/index.js';

/** Words of a question's own grammar that `stopWords` does not list. */
const asking: ReadonlySet<string> = new Set('many much long old kind name called tell say explain describe'.split(' '));

/** What a text is asked for: terms and how much each counts. */
export type WeightedTerms = ReadonlyMap<string, number>;

/** The words of a question that carry its topic, in order. */
export const topicWords = (question: string): readonly string[] => [
  ...new Set(words(question).filter((word) => !stopWords.has(word) && !asking.has(word))),
];

const nameOrNumber = /(?<=[\p{L}\p{N},;]\s)\p{Lu}[\p{L}\p{N}'’-]*|\p{N}+/gu;

/** The terms of a question: rare words count more than frequent ones, names and numbers double. */
export const questionTerms = (question: string): WeightedTerms => {
  const named = new Set([...question.matchAll(nameOrNumber)].flatMap(([name]) => words(name)));
  const own = topicWords(question);
  // A question of nothing but grammar ("Who are you?") is about these words all the same.
  const all = own.length > 0 ? own : words(question);
  return new Map(all.map((word) => [stem(word), wordRarity(word) * (named.has(word) ? 2 : 1)]));
};

/** The terms of a text. */
export const termsIn = (text: string): ReadonlySet<string> => new Set(words(text).map(stem));

/** How much of the question's terms is there, 0 to 1. */
export const shareOf = (wanted: WeightedTerms, present: ReadonlySet<string>): number => {
  let all = 0;
  let held = 0;
  for (const [term, weight] of wanted) {
    all += weight;
    if (present.has(term)) held += weight;
  }
  return all === 0 ? 0 : held / all;
};
