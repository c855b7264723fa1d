import { stopWords } from '../text/index.js';
import type { ExtractedRelation } from './types.js';

/** A mention in a sentence, by the name of its entity. */
export interface SentenceMention {
  readonly name: string;
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** Each mention is related to so many behind it: what stands further off has little to do with it. */
const maxReach = 4;
const maxPhraseWords = 6;
/** The type of a relation of which no more is known. */
export const unknownType = 'mentioned with';
const word = /[\p{L}\p{M}'’-]+/gu;
/** A phrase with one of these inside goes from one clause to another. */
const clauseEnd = /^['’]s\b|[,;:()[\]"“”|]|\b(?:and|but|or|while|when|that|which|who)\b/u;
const irregular = new Set(
  'built wrote met won led sold made held left lost gave took bought brought found ran saw sent set began grew knew came went got kept paid taught told stood struck beat fought drew chose cut hit put'.split(
    ' ',
  ),
);
const auxiliary = new Set('is was are were has had have be been became'.split(' '));

/** The words between two names where they say what one does to the other: `was founded by`. */
const phraseBetween = (between: string): string | undefined => {
  const text = between
    .trim()
    .toLowerCase()
    .replace(/\s+(?:the|an?|its|his|her|their)$/u, '');
  const all = text.match(word) ?? [];
  if (all.length === 0 || all.length > maxPhraseWords || clauseEnd.test(text)) return undefined;
  const isSaying = all.some(
    (one) => auxiliary.has(one) || (!stopWords.has(one) && (irregular.has(one) || /(?:ed|es|s|ing)$/u.test(one))),
  );
  return isSaying ? all.join(' ') : undefined;
};

/**
 * Relations between the names of one sentence: neighbours count most, and more where a short phrase with a verb stands
 * between them. Offsets of mentions are into the document, those of the sentence too.
 */
export const sentenceRelations = (
  text: string,
  sentence: { readonly start: number; readonly end: number },
  mentions: readonly SentenceMention[],
  documentId: string,
): readonly ExtractedRelation[] => {
  const relations: ExtractedRelation[] = [];
  for (const [at, from] of mentions.entries()) {
    const limit = Math.min(mentions.length, at + 1 + maxReach);
    for (let other = at + 1; other < limit; other++) {
      const to = mentions[other] as SentenceMention;
      if (to.name === from.name) continue;
      const phrase = other === at + 1 ? phraseBetween(text.slice(from.end, to.start)) : undefined;
      const weight = 1 / (other - at) + (phrase === undefined ? 0 : 1);
      relations.push({
        from: from.name,
        to: to.name,
        type: phrase ?? unknownType,
        weight,
        documentId,
        start: sentence.start,
        end: sentence.end,
      });
    }
  }
  return relations;
};
