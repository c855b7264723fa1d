import type { SourcePart } from '../../core/index.js';
import { holdsAnswer } from './answer-kind.js';
import type { Candidate } from './candidates.js';
import type { Question } from './question.js';
import { synonymsOf } from './synonyms.js';
import { type Token, type Tokenizer, visibleText } from './tokens.js';

/** What is kept of a candidate for scoring: figures, not words, so that memory stays small. */
export interface Match {
  readonly candidate: Candidate;
  /** For each term of the question how surely it stands in the candidate, from 0 to 1. */
  readonly strengths: readonly number[];
  /** How often each term stands there. */
  readonly counts: readonly number[];
  /** The same as `strengths` for the code below, the headings above and the source's title. */
  readonly inCode: readonly number[];
  readonly inHeadings: readonly number[];
  readonly inTitle: readonly number[];
  /** Share of the question's neighbouring words that stand close together here too. */
  readonly pairs: number;
  /** Length of the longest run of the question's words in its order, gaps allowed, as a share of the question. */
  readonly order: number;
  readonly length: number;
  readonly holdsKind: number | undefined;
  readonly pointsBack: boolean;
  readonly isQuestion: boolean;
  /** Share of the characters that a reader sees. */
  readonly visibleRatio: number;
  /** Question terms written as code: `timeout`. */
  readonly namesOption: boolean;
}

const pointing = /^(?:he|she|it|they|this|these|those|his|her|its|their|that|such|both|here)\b/iu;
const inlineCode = /`([^`\n]+)`/gu;

const sharedPrefix = (a: string, b: string): number => {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
};

/** Words of one family that the stemmer does not bring together: `intercept` and `interception`. */
const areKin = (a: string, b: string): boolean => {
  const shared = sharedPrefix(a, b);
  const longer = Math.max(a.length, b.length);
  return (shared >= 5 && shared >= 0.6 * longer) || (shared >= 4 && shared >= 0.75 * longer);
};

/** Short forms that names of options use. */
const shortForms: ReadonlyMap<string, string> = new Map(
  Object.entries({
    maximum: 'max',
    minimum: 'min',
    number: 'num',
    configur: 'config',
    environ: 'env',
    paramet: 'param',
    argument: 'arg',
    directori: 'dir',
    databas: 'db',
    document: 'doc',
    applic: 'app',
    inform: 'info',
    repositori: 'repo',
    messag: 'msg',
  }),
);

const kinStrength = 0.7;
const synonymStrength = 0.5;
const joinedStrength = 0.8;

const strengthsOf = (terms: readonly string[], tokens: readonly Token[]): readonly number[] => {
  const there = new Set(tokens.map(({ term }) => term));
  return terms.map((term) => {
    if (there.has(term) || there.has(shortForms.get(term) ?? term)) return 1;
    for (const other of synonymsOf(term) ?? []) if (there.has(other)) return synonymStrength;
    if (term.length < 4) return 0;
    // `timeout` in a question is `time out` in some texts.
    const isJoined = tokens.some(
      ({ term: first }, at) => term.startsWith(first) && term === first + tokens[at + 1]?.term,
    );
    if (isJoined) return joinedStrength;
    return [...there].some((other) => other.length >= 4 && areKin(term, other)) ? kinStrength : 0;
  });
};

const pairsOf = (terms: readonly string[], content: readonly string[]): number => {
  if (terms.length < 2) return 0;
  const places = new Map<string, number[]>();
  content.forEach((term, at) => {
    const known = places.get(term);
    if (known === undefined) places.set(term, [at]);
    else known.push(at);
  });
  let found = 0;
  for (let i = 1; i < terms.length; i++) {
    const left = places.get(terms[i - 1] ?? '') ?? [];
    const right = new Set(places.get(terms[i] ?? ''));
    if (left.some((at) => [-2, -1, 1, 2].some((step) => right.has(at + step)))) found++;
  }
  return found / (terms.length - 1);
};

/** Longest common subsequence, as a share of the question. */
const orderOf = (terms: readonly string[], content: readonly string[]): number => {
  const best = new Array<number>(terms.length + 1).fill(0);
  for (const term of content) {
    let diagonal = 0;
    for (let i = 1; i <= terms.length; i++) {
      const above = best[i] ?? 0;
      best[i] = terms[i - 1] === term ? diagonal + 1 : Math.max(above, best[i - 1] ?? 0);
      diagonal = above;
    }
  }
  return terms.length === 0 ? 0 : (best[terms.length] ?? 0) / terms.length;
};

/** Compares one candidate with the question. */
export const matchOf = (question: Question, part: SourcePart, candidate: Candidate, tokensOf: Tokenizer): Match => {
  const { terms } = question;
  const [title = '', ...path] = (part.title ?? '').split(' › ');
  const raw = part.text.slice(candidate.start, candidate.end);
  const text = candidate.isCode ? raw : visibleText(raw);
  const tokens = tokensOf(text);
  const content = tokens.filter(({ isStop }) => !isStop).map(({ term }) => term);
  const code = candidate.code === undefined ? [] : tokensOf(part.text.slice(candidate.code.start, candidate.code.end));
  const optionTerms = new Set(
    [...text.matchAll(inlineCode)].flatMap(([, name = '']) => tokensOf(name)).map(({ term }) => term),
  );
  return {
    candidate,
    strengths: strengthsOf(terms, tokens),
    counts: terms.map((term) => content.reduce((count, other) => count + (other === term ? 1 : 0), 0)),
    inCode: strengthsOf(terms, code),
    inHeadings: strengthsOf(terms, tokensOf([...path, ...candidate.headings].join('\n'))),
    inTitle: strengthsOf(terms, tokensOf(title)),
    pairs: pairsOf(terms, content),
    order: orderOf(terms, content),
    length: tokens.length,
    holdsKind: holdsAnswer(question, text, tokens),
    pointsBack: pointing.test(text),
    isQuestion: /\?["')\]]*$/u.test(text),
    visibleRatio: text.replace(/\s+/gu, '').length / Math.max(1, raw.replace(/\s+/gu, '').length),
    namesOption: terms.some((term) => optionTerms.has(term)),
  };
};
