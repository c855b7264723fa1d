import type { Token, Tokenizer } from './tokens.js';

/** What an answer has to hold, judged by how the question begins. */
export type AnswerKind =
  | 'person'
  | 'time'
  | 'place'
  | 'count'
  | 'amount'
  | 'duration'
  | 'reason'
  | 'instruction'
  | 'other';

export interface Question {
  readonly text: string;
  readonly kind: AnswerKind;
  /** Distinct words that carry the topic, in the order of the question. */
  readonly terms: readonly string[];
  /** Those of them that come from the question before, because this one leans on it. */
  readonly borrowed: ReadonlySet<string>;
  /** Those of its own words that are names or numbers: a document cannot say these in other words. */
  readonly names: ReadonlySet<string>;
  /** All its words: what is not among them is news. */
  readonly known: ReadonlySet<string>;
  /** The noun behind "which" or "what": the answer is one of these, so the word itself need not stand there. */
  readonly focus: string | undefined;
}

/** The first that matches decides. */
const kinds: readonly (readonly [RegExp, AnswerKind])[] = [
  [
    /\bhow (?:do|can|should|would|could|must|may) (?:i|we|you|one|someone)\b|\bhow to\b|\bis there (?:a|any) way\b|^can (?:i|we|you)\b/u,
    'instruction',
  ],
  [/\bhow (?:long|old|often|quickly)\b/u, 'duration'],
  [/\bhow many\b|\b(?:what|which) (?:number|percentage|percent|proportion|share)\b/u, 'count'],
  [/\b(?:what|which) (?:[\w.]+ )?versions?\b/u, 'amount'],
  [/\bhow (?:much|far|tall|big|large|high|deep|wide|fast|heavy)\b|\bwhat (?:amount|size|price|cost)\b/u, 'amount'],
  [/\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time|era)\b/u, 'time'],
  [/\b(?:who|whom|whose)\b/u, 'person'],
  [/\bwhere\b|\b(?:what|which) (?:city|country|state|place|town|region|location|continent|street)\b/u, 'place'],
  [/\bwhy\b|\b(?:what|which) (?:reason|cause)/u, 'reason'],
];

/** Words of the question's own grammar that `stopWords` does not list. */
const asking: ReadonlySet<string> = new Set(['mani', 'much', 'long', 'old']);

/** Stems of words that stand in any question; whether a source holds them says little. */
const lightWords: ReadonlySet<string> = new Set(
  'take get give go come happen work need want us find make mean bring serv provid allow call name known type kind'.split(
    ' ',
  ),
);

/** How much a term of the question counts, before its rarity. */
export const termWeight = (question: Question, term: string): number =>
  (lightWords.has(term) ? 0.5 : 1) * (term === question.focus ? 0.6 : 1) * (question.borrowed.has(term) ? 0.4 : 1);

const kindOf = (text: string): AnswerKind => {
  const lower = text.toLowerCase();
  return kinds.find(([pattern]) => pattern.test(lower))?.[1] ?? 'other';
};

const focusOf = (tokens: readonly Token[]): string | undefined => {
  const at = tokens.findIndex(({ raw }) => /^(?:what|which)$/iu.test(raw));
  const next = tokens[at + 1];
  return at >= 0 && next !== undefined && !next.isStop ? next.term : undefined;
};

/** `e-mail` in a question is `email` in most texts: joins single letters with the word behind the hyphen. */
const joinedLetters = (text: string): string => text.replace(/\b(\p{L})-(?=\p{L}{3})/gu, '$1');

/** Words that stand for something said before. */
const leaning = /\b(?:it|its|he|him|his|she|her|hers|they|them|their|this|that|these|those|there|one|ones)\b/iu;

/** Reads a question: its kind and its words. One that leans on the question before borrows the words of that. */
export const readQuestion = (text: string, tokensOf: Tokenizer, before = ''): Question => {
  const tokens = tokensOf(joinedLetters(text));
  const own = contentOf(tokens);
  const borrows = before !== '' && (leaning.test(text) || own.length < 2);
  const borrowed = borrows ? contentOf(tokensOf(joinedLetters(before))).filter((term) => !own.includes(term)) : [];
  return {
    text,
    kind: kindOf(text),
    terms: [...own, ...borrowed],
    borrowed: new Set(borrowed),
    names: new Set(tokens.filter(({ isName, isNumber }) => isName || isNumber).map(({ term }) => term)),
    known: new Set(tokens.map(({ term }) => term)),
    focus: focusOf(tokens),
  };
};

const contentOf = (tokens: readonly Token[]): readonly string[] => [
  ...new Set(tokens.filter(({ isStop, term }) => !isStop && !asking.has(term)).map(({ term }) => term)),
];
