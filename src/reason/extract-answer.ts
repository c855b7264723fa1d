import { type AnswerKind, choiceOf, numberOfAnswer, yesNoOf } from './answer-value.js';
import { dateIn } from './date-value.js';
import { type AnswerSpan, type FoundBy, spansOf } from './answer-spans.js';
import { longestValue, plainAnswer, trimAnswer } from './plain-answer.js';

/** A final answer, and the text that leads to it. */
export interface ExtractedAnswer {
  readonly answer: string;
  /** How it was found: the surer ways come first in `FoundBy`. */
  readonly foundBy: FoundBy;
  /** What was written before it; the whole text where nothing marks the answer. */
  readonly reasoning: string;
}

/** What was said while thinking, as open models write it; the opening tag is often part of the prompt and missing. */
const thinkEnd = '</think>';

/** Takes the thinking of an open model off a text. Without an end everything is thinking. */
export const withoutThinking = (text: string): { readonly thinking: string; readonly said: string } => {
  const end = text.lastIndexOf(thinkEnd);
  if (end >= 0) {
    return {
      thinking: text
        .slice(0, end)
        .replace(/^\s*<think>/u, '')
        .trim(),
      said: text.slice(end + thinkEnd.length),
    };
  }
  const isOpen = /^\s*<think>/u.test(text);
  return isOpen ? { thinking: text.replace(/^\s*<think>/u, '').trim(), said: '' } : { thinking: '', said: text };
};

const lastMatch = (pattern: RegExp, text: string): RegExpMatchArray | undefined => [...text.matchAll(pattern)].at(-1);

const lettersIn = /\(([A-Z])\)|(?:option|choice|answer)\s{1,2}(?:is\s{1,2})?\(?([A-Z])(?![\p{L}'’])/gu;
const loneLetter = /(?<![\p{L}\d'’])([B-HJ-Z])(?![\p{L}\d'’])/gu;

const letterOf = (text: string): string | undefined => {
  const own = choiceOf(plainAnswer(text));
  if (own !== undefined) return own;
  const named = lastMatch(lettersIn, text);
  return named?.[1] ?? named?.[2] ?? lastMatch(loneLetter, text)?.[1];
};

const yesNoWord = /(?<!\p{L})(?:yes|no|true|false)(?!\p{L})/giu;

/** The answer of that kind in what stands where the answer should; undefined when there is none. */
const answerIn = (text: string, kind: AnswerKind | undefined, isWhole: boolean): string | undefined => {
  const trimmed = trimAnswer(text);
  if (trimmed === '') return undefined;
  const short = trimmed.slice(0, longestValue);
  switch (kind) {
    case 'number': {
      const plain = plainAnswer(short);
      const found = numberOfAnswer(plain);
      return found === undefined ? undefined : trimAnswer(found.text);
    }
    case 'choice':
      return letterOf(short);
    case 'yes-no':
      return yesNoOf(plainAnswer(short)) ?? yesNoOf(lastMatch(yesNoWord, short)?.[0] ?? '');
    case 'date':
      return dateIn(plainAnswer(short)) === undefined ? undefined : trimmed;
    default:
      return isWhole || trimmed.length <= longestValue ? trimmed : undefined;
  }
};

/** An answer and the place where it stands. */
export interface PlacedAnswer extends ExtractedAnswer {
  readonly span: AnswerSpan;
  /** Whether the text ends with it. */
  readonly isLast: boolean;
}

/** Like `extractAnswer`, for those who read on from where the answer begins. */
export const placedAnswer = (said: string, kind?: AnswerKind): PlacedAnswer | undefined => {
  for (const span of spansOf(said, kind)) {
    const answer = answerIn(said.slice(span.start, span.end), kind, span.isMarked);
    if (answer === undefined) continue;
    const reasoning = (span.isMarked ? said.slice(0, span.from) : said).trim();
    return { answer, foundBy: span.foundBy, reasoning, span, isLast: span.end >= said.trimEnd().length };
  }
  return undefined;
};

/**
 * Finds the final answer in what a model wrote: in `<answer>` tags, `\boxed{}`, behind `####` or a marker such as `Answer:`, in a
 * sentence such as "The answer is 42", in bold, and else as the last number or line. Of several of the surest form the last
 * counts. `kind` says what to look for: with `number` a marker without a number is passed over. Thinking in `<think>` tags is
 * reasoning. Undefined when there is none. The time is linear in the length of the text.
 * @example extractAnswer('6 boxes of 7 make 42.\nAnswer: **42**') // => { answer: '42', foundBy: 'marker', reasoning: '6 boxes of 7 make 42.' }
 */
export const extractAnswer = (text: string, kind?: AnswerKind): ExtractedAnswer | undefined => {
  const { thinking, said } = withoutThinking(text);
  const placed = placedAnswer(said, kind);
  if (placed === undefined) return undefined;
  const { answer, foundBy, reasoning } = placed;
  return { answer, foundBy, reasoning: thinking === '' ? reasoning : `${thinking}\n\n${reasoning}`.trim() };
};
