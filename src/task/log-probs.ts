import type { TokenLogProb } from '../model/index.js';
import { codeOf, type LabelSpec } from './labels.js';

/** A label and how sure it is, from 0 to 1. */
export interface LabelScore<L extends string = string> {
  readonly label: L;
  readonly score: number;
}

/** So many tokens at a place do providers tell of at most, so as many labels have their probabilities told by letters. */
export const maxLetterLabels = 20;

/** The letter that a token is, with the marks and spaces around it. */
const letterOf = (token: string): string | undefined => /^[^\p{L}\p{N}]*([A-T])[^\p{L}\p{N}]*$/u.exec(token)?.[1];

/**
 * The probability of each label by its letter, the likeliest first: the share that all spellings of a letter have at the first
 * place where the answer holds one. What goes to other words is nobody's, so the shares may come to less than 1. Undefined
 * where there is no such place.
 */
export const letterScores = <L extends string>(
  tokens: readonly TokenLogProb[],
  specs: readonly LabelSpec<L>[],
): readonly LabelScore<L>[] | undefined => {
  const codes = new Set(specs.map((_, at) => codeOf(at)));
  const place = tokens.find(({ token }) => codes.has(letterOf(token) ?? ''));
  if (place === undefined) return undefined;
  const shares = new Map<string, number>();
  const seen = new Map([...place.alternatives, place].map(({ token, logProb }) => [token, logProb]));
  for (const [token, logProb] of seen) {
    const code = letterOf(token);
    if (code !== undefined) shares.set(code, (shares.get(code) ?? 0) + Math.exp(logProb));
  }
  return specs
    .map(({ name }, at) => ({ label: name, score: Math.min(1, shares.get(codeOf(at)) ?? 0) }))
    .sort((a, b) => b.score - a.score);
};

/** How likely the whole text was: for an answer that names its label instead of giving the letter. */
export const textProbability = (tokens: readonly TokenLogProb[]): number =>
  Math.min(1, Math.exp(tokens.reduce((sum, { logProb }) => sum + logProb, 0)));
