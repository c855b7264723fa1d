import { stopWords, wordRarity } from '../text/index.js';
import type { Token } from './names.js';
import { type Candidate, overlaps } from './patterns.js';

const plain = /^\p{Ll}[\p{Ll}\p{M}'’-]{2,}$/u;
/** A phrase that ends in one of these says what is done, or how. */
const adverb = /ly$/u;
const maxWords = 3;

const isContent = ({ text }: Token): boolean => plain.test(text) && !stopWords.has(text) && !adverb.test(text);

/**
 * Phrases of two or three words of topic in small letters, between words of grammar: what RAKE (Rose et al. 2010) takes for key
 * phrases. Which of them are kept is for the whole document to say. Offsets are into the sentence.
 */
export const phraseCandidates = (
  sentence: string,
  tokens: readonly Token[],
  taken: readonly Candidate[],
): readonly Candidate[] => {
  const found: Candidate[] = [];
  for (let from = 0; from < tokens.length; ) {
    let to = from;
    while (to < tokens.length && isContent(tokens[to] as Token) && isJoined(sentence, tokens, from, to)) to++;
    const candidate = { start: tokens[from]?.start ?? 0, end: tokens[to - 1]?.end ?? 0, type: 'concept' };
    const isPhrase = to - from > 1 && to - from <= maxWords;
    const isRare = tokens.slice(from, to).some(({ text }) => wordRarity(text) > 0.9);
    if (isPhrase && isRare && !taken.some((known) => overlaps(known, candidate))) found.push(candidate);
    from = Math.max(to, from + 1);
  }
  return found;
};

const isJoined = (sentence: string, tokens: readonly Token[], from: number, at: number): boolean =>
  at === from || /^\s$/u.test(sentence.slice(tokens[at - 1]?.end, tokens[at]?.start));
