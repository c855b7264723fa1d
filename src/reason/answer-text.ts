import { isDeepStrictEqual } from 'node:util';
import type { AnswerKind } from './answer-value.js';
import { sameAnswer } from './same-answer.js';

/** An answer in words, whatever its type. */
export const answerText = (answer: unknown): string => (typeof answer === 'string' ? answer : JSON.stringify(answer));

/** Compares texts by what they say, other values by their parts. */
export const isSameAs =
  (kind: AnswerKind | undefined): ((a: unknown, b: unknown) => boolean) =>
  (a, b) =>
    typeof a === 'string' && typeof b === 'string'
      ? sameAnswer(a, b, kind === undefined ? {} : { kind })
      : isDeepStrictEqual(a, b);
