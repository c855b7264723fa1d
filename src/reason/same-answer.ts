import { checkAtLeast } from '../core/index.js';
import { type AnswerKind, keyOf, readAnswer } from './answer-value.js';
import type { NumberValue } from '../text/index.js';

export interface SameAnswerOptions {
  /** What both answers are. @default what each looks like */
  readonly kind?: AnswerKind;
  /**
   * How far apart two numbers may be, as a share of the larger one: 0.01 for one percent.
   * @default 1e-9 for fractions, 0 for whole numbers
   */
  readonly tolerance?: number;
}

/** Fractions that a model wrote out to fifteen digits are off by less. */
const rounding = 1e-9;

const isNear = (a: number, b: number, tolerance: number | undefined): boolean => {
  const isExact = tolerance === undefined && Number.isInteger(a) && Number.isInteger(b);
  return isExact ? a === b : Math.abs(a - b) <= (tolerance ?? rounding) * Math.max(Math.abs(a), Math.abs(b));
};

const isSubset = (a: readonly string[], b: readonly string[]): boolean => a.every((word) => b.includes(word));

const isSameNumber = (a: NumberValue, b: NumberValue, tolerance: number | undefined): boolean => {
  if (!isSubset(a.words, b.words) && !isSubset(b.words, a.words)) return false;
  if (a.unit !== undefined && b.unit !== undefined) {
    return a.unit.base === b.unit.base && isNear(a.value * a.unit.factor, b.value * b.unit.factor, tolerance);
  }
  if (a.digits !== undefined && b.digits !== undefined && tolerance === undefined) return a.digits === b.digits;
  if (isNear(a.value, b.value, tolerance)) return true;
  // A quarter is 25 % as well as 0.25.
  const [ratio, plain] = a.unit?.base === '%' ? [a, b] : [b, a];
  return ratio.unit?.base === '%' && isNear(ratio.value / 100, plain.value, tolerance);
};

/**
 * Whether two answers say the same: numbers by their value (separators, fractions, percent, currencies, scientific notation,
 * LaTeX, words), units converted, dates in any order of writing, choices by their letter, lists in any order, words without case
 * and articles. A number without a unit is the same as one with: `42` and `42 km`. So it is not transitive: `42 km` and
 * `42 miles` differ.
 * @throws {PipewrightError} `bad-option` for a tolerance below 0.
 * @example sameAnswer('$1,250.00', '\\frac{2500}{2} dollars') // => true
 */
export const sameAnswer = (a: string, b: string, options: SameAnswerOptions = {}): boolean => {
  const { kind, tolerance } = options;
  if (tolerance !== undefined) checkAtLeast('tolerance', tolerance, 0);
  const [first, second] = [readAnswer(a, kind), readAnswer(b, kind)];
  if (first.type === 'number' && second.type === 'number') return isSameNumber(first.number, second.number, tolerance);
  return keyOf(first) === keyOf(second);
};

/**
 * The canonical text of an answer: a key to group or to store by. Units are converted to their base: metres, grams, litres, seconds.
 * `sameAnswer` knows more, such as that `42` may be `42 km`.
 * @example normalizeAnswer('**About 1,250.50 kg.**') // => '1250500 g'
 */
export const normalizeAnswer = (text: string, kind?: AnswerKind): string => keyOf(readAnswer(text, kind));
