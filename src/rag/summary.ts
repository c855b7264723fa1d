import { type Document, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { sentenceSpans, stem, type TextSpan, wordRarity, words } from '../text/index.js';

/** A sentence of a document. */
export interface DocumentSentence extends TextSpan {
  readonly document: Document;
}

interface Scored extends DocumentSentence {
  readonly terms: readonly string[];
}

/** Sentences with fewer words say too little, those with more too much for a summary. */
const minWords = 6;
const maxWords = 60;
/** Added to the number of words, or a few frequent ones would make the best sentence. */
const shortness = 4;
/** A table, a list item, a heading or a title is no sentence. */
const isProse = (text: string): boolean =>
  !/^\s*(?:[#|>]|```|[-*+] )/u.test(text) && /[.!?。！？]['"”’)\]]*\s*$/u.test(text);

const termsOf = (text: string): readonly string[] => [
  ...new Set(
    words(text)
      .filter((word) => wordRarity(word) > 0.25)
      .map(stem),
  ),
];

const sentencesOf = async (documents: readonly Document[]): Promise<readonly Scored[]> => {
  const sentences: Scored[] = [];
  const isTurnDue = sliceTimer();
  for (const document of documents) {
    for (const { start, end } of sentenceSpans(document.text)) {
      const text = document.text.slice(start, end);
      const count = words(text).length;
      if (count < minWords || count > maxWords || !isProse(text)) continue;
      sentences.push({ document, start, end, terms: termsOf(text) });
      if (isTurnDue()) await yieldToEventLoop();
    }
  }
  return sentences;
};

/** How often each term stands in the sentences, as a share of all. */
const sharesOf = (sentences: readonly Scored[]): Map<string, number> => {
  const shares = new Map<string, number>();
  for (const { terms } of sentences) for (const term of terms) shares.set(term, (shares.get(term) ?? 0) + 1);
  for (const [term, count] of shares) shares.set(term, count / sentences.length);
  return shares;
};

/**
 * The sentences that say most of what the documents say, in their order. SumBasic (Nenkova and Vanderwende 2005): the next
 * sentence is the one whose words are most frequent on average, and the words it holds count as the square of what they did.
 */
export const keySentences = async (
  documents: readonly Document[],
  count: number,
): Promise<readonly DocumentSentence[]> => {
  const sentences = await sentencesOf(documents);
  const shares = sharesOf(sentences);
  const isTurnDue = sliceTimer();
  const picked = new Set<Scored>();
  while (picked.size < Math.min(count, sentences.length)) {
    let best: Scored | undefined;
    let bestScore = -1;
    for (const sentence of sentences) {
      if (picked.has(sentence) || sentence.terms.length === 0) continue;
      let sum = 0;
      for (const term of sentence.terms) sum += shares.get(term) as number;
      const score = sum / (sentence.terms.length + shortness);
      if (score > bestScore) {
        best = sentence;
        bestScore = score;
      }
    }
    if (best === undefined) break;
    picked.add(best);
    for (const term of best.terms) shares.set(term, (shares.get(term) as number) ** 2);
    if (isTurnDue()) await yieldToEventLoop();
  }
  return sentences.filter((sentence) => picked.has(sentence));
};

/** The terms that stand in most sentences, each in the form in which it stands first. */
export const keyTermsOf = (documents: readonly Document[], count: number): readonly string[] => {
  const counts = new Map<string, { readonly form: string; count: number }>();
  for (const { text } of documents) {
    for (const word of words(text)) {
      if (word.length < 3 || wordRarity(word) < 0.6 || /^\p{N}+$/u.test(word)) continue;
      const term = stem(word);
      const known = counts.get(term) ?? { form: word, count: 0 };
      known.count++;
      counts.set(term, known);
    }
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, count)
    .map(({ form }) => form);
};
