import { stopWords, wordRarity } from '../text/index.js';
import { type Candidate, overlaps } from './patterns.js';

/** A word of a sentence; offsets are into the sentence. */
export interface Token {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const token = /\p{Lu}\.(?:\p{Lu}\.)+|[\p{L}\p{N}\p{M}]+(?:[-'’&.][\p{L}\p{N}\p{M}]+)*/gu;
const possessive = /['’]s$/u;

export const tokensOf = (sentence: string): readonly Token[] =>
  Array.from(sentence.matchAll(token), ({ 0: match, index }) => {
    const text = match.replace(possessive, '');
    return { start: index, end: index + text.length, text };
  });

/** How the words of a document are written where no sentence starts: tells a name from a word that starts a sentence. */
export interface WordForms {
  readonly lower: Set<string>;
  readonly capital: Set<string>;
}

export const wordForms = (): WordForms => ({ lower: new Set(), capital: new Set() });

export const noteForms = (forms: WordForms, tokens: readonly Token[]): void => {
  tokens.forEach(({ text }, at) => {
    if (!capital.test(text)) forms.lower.add(text);
    else if (at > 0) forms.capital.add(text);
  });
};

const capital = /^(?:\p{Ll}{1,2})?\p{Lu}/u;
const manyCapitals = /\p{Lu}.*\p{Lu}/u;
const figure = /^\p{N}{1,4}$/u;
const connectors = new Set([
  'of',
  'the',
  'de',
  'la',
  'le',
  'van',
  'von',
  'der',
  'den',
  'del',
  'di',
  'da',
  'du',
  'al',
  'bin',
  'y',
]);
const titles = new Set(['Dr', 'Mr', 'Mrs', 'Ms', 'Prof', 'St', 'Sir', 'Jr', 'Sr', 'Gen', 'Lt', 'Col', 'Capt', 'Rev']);
/** What capital letters begin without being a name. */
const noNames = new Set(
  'I Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October November December Figure Table Chapter Section Page Note'.split(
    ' ',
  ),
);
const verbs = new Set('is was are were has had have became will would can could did does said wrote won'.split(' '));
/** Words that start a sentence and mean nothing by it. */
const openers = new Set(
  'later afterwards afterward meanwhile finally fellow former despite unlike following earlier soon today yesterday tomorrow thanks besides beside amid upon like given several prior next born dear please note see hence thereafter nevertheless nonetheless furthermore moreover perhaps instead together outside inside near'.split(
    ' ',
  ),
);
const maxNameTokens = 8;

/** Headings in capital letters say nothing about names. */
const isShouted = (tokens: readonly Token[]): boolean =>
  tokens.length > 3 && tokens.every(({ text }) => text === text.toUpperCase());

const isName = ({ text }: Token): boolean => capital.test(text) && !noNames.has(text);

/** Whether the word that starts a sentence is part of a name; `end` is where that name would end. */
const startsName = (sentence: string, tokens: readonly Token[], end: number, forms: WordForms): boolean => {
  const [first, next, third] = tokens;
  const lower = first?.text.toLowerCase() ?? '';
  if (first === undefined || stopWords.has(lower) || openers.has(lower)) return false;
  if (manyCapitals.test(first.text) || forms.capital.has(first.text)) return true;
  if (forms.lower.has(lower) || lower.endsWith('ly')) return false;
  if (end > 1 || sentence.slice(first.end).startsWith("'s") || sentence.slice(first.end).startsWith('’s')) return true;
  if (next?.text === 'and' && third !== undefined && isName(third)) return true;
  return wordRarity(lower) === 1 && next !== undefined && verbs.has(next.text);
};

/** Whether nothing but a space, or the point of an initial or a title, stands between two words. */
const areJoined = (sentence: string, before: Token, after: Token): boolean => {
  const gap = sentence.slice(before.end, after.start);
  if (gap === ' ' || gap === '\n') return true;
  return /^\.\s$/u.test(gap) && (before.text.length === 1 || titles.has(before.text));
};

/** The tokens of one name from `from` on: capital words, connectors between them, and a short number behind. */
const nameEnd = (sentence: string, tokens: readonly Token[], from: number): number => {
  let end = from + 1;
  for (let at = end; at < tokens.length && at - from < maxNameTokens + 2; at++) {
    const before = tokens[at - 1] as Token;
    const here = tokens[at] as Token;
    if (!areJoined(sentence, before, here)) break;
    if (isName(here)) end = at + 1;
    else if (figure.test(here.text) && end === at && before.text.length > 1) return at + 1;
    else if (!connectors.has(here.text) || (here.text === 'the' && before.text !== 'of')) break;
  }
  return end;
};

const cues: readonly (readonly [type: string, cue: RegExp])[] = [
  [
    'organization',
    /\b(?:Inc|Corp|Corporation|Ltd|LLC|GmbH|Company|University|Institute|College|School|Association|Agency|Bank|Party|Committee|Council|Court|Church|Museum|Library|League|Ministry|Department|Commission|Union|Group|Foundation|Society|Press|Authority|Organi[sz]ation)\b/u,
  ],
  ['event', /\b(?:War|Battle|Treaty|Revolution|Uprising|Bowl|Championship|Games|Olympics|Festival|Conference)\b/u],
  [
    'place',
    /\b(?:River|Lake|Mount|Mountains?|City|County|Islands?|Street|Avenue|Park|Sea|Ocean|Valley|Province|Bridge|Square|Bay)\b/u,
  ],
  [
    'person',
    /^(?:Dr|Mr|Mrs|Ms|Prof|Sir|King|Queen|Pope|Prince|Princess|President|Emperor|Lord|Lady|Saint)\b\.? \p{Lu}/u,
  ],
];

const typeOf = (name: string): string => cues.find(([, cue]) => cue.test(name))?.[0] ?? 'name';

/**
 * Names by their capital letters, in order; offsets are into the sentence. `taken` stretches are left alone. A word that only
 * starts the sentence is no name, unless the rest of the document or the word after it says so.
 */
export const nameCandidates = (
  sentence: string,
  tokens: readonly Token[],
  taken: readonly Candidate[],
  forms: WordForms,
): readonly Candidate[] => {
  const found: Candidate[] = [];
  if (isShouted(tokens)) return found;
  for (let at = 0; at < tokens.length; at++) {
    const first = tokens[at] as Token;
    if (!isName(first) || (at > 0 && stopWords.has(first.text.toLowerCase()) && first.text.length < 3)) continue;
    const end = nameEnd(sentence, tokens, at);
    if (at === 0 && !startsName(sentence, tokens, end, forms)) continue;
    const last = tokens[end - 1] as Token;
    const text = sentence.slice(first.start, last.end);
    const candidate = { start: first.start, end: last.end, type: typeOf(text) };
    const isTooShort = text.length < 2 || titles.has(text);
    if (!isTooShort && end - at <= maxNameTokens && !taken.some((known) => overlaps(known, candidate)))
      found.push(candidate);
    at = end - 1;
  }
  return found;
};
