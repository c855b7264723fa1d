import { checkSchema, isPipewrightError, PipewrightError, type Schema } from '../core/index.js';
import type { ChatReply } from '../model/index.js';
import { parseJson } from '../output/index.js';
import { answerText } from './answer-text.js';
import type { FoundBy } from './answer-spans.js';
import { type AnswerKind, numberOfAnswer } from './answer-value.js';
import { type PlacedAnswer, placedAnswer, withoutThinking } from './extract-answer.js';
import { plainAnswer } from './plain-answer.js';

/** What was read of a reply, or why it is no answer. */
export type ReadReply<T> =
  | {
      readonly isRead: true;
      readonly answer: T;
      /** The answer as the model wrote it. */
      readonly text: string;
      readonly reasoning: string;
      readonly foundBy: FoundBy;
    }
  | { readonly isRead: false; readonly issue: string };

interface ReadAs<T> {
  readonly kind?: AnswerKind;
  readonly schema?: Schema<T>;
}

/** Why asking again would not help. */
const hopeless = (id: string, reply: ChatReply, placed: PlacedAnswer | undefined): PipewrightError | undefined => {
  const { finishReason, toolCalls, text } = reply;
  const details = { partialText: text };
  if (finishReason === 'content-filter') {
    return new PipewrightError(
      'content-refused',
      `${id} refuses to answer this. Change the problem, or ask another model.`,
      { details },
    );
  }
  if (toolCalls.length > 0) {
    const names = toolCalls.map(({ name }) => `\`${name}\``).join(', ');
    const message = `${id} called ${names} instead of answering, and chain of thought runs no tools. Leave them out of the request.`;
    return new PipewrightError('output-invalid', message, { details });
  }
  // An answer that reaches the end of a cut text may go on: 12 of 1200.
  const isCut = finishReason === 'length' && (placed === undefined || !placed.span.isMarked || placed.isLast);
  if (!isCut) return undefined;
  const message = `${id} was cut at its limit of output tokens before its answer. Raise maxOutputTokens, or ask for less.`;
  return new PipewrightError('output-invalid', message, { details });
};

const parsed = (text: string): readonly unknown[] => {
  try {
    return [parseJson(text)];
  } catch (error) {
    if (!isPipewrightError(error)) throw error;
    return [];
  }
};

/** What the answer may mean as a value, the likeliest first: JSON, a text, a number within a text. */
const valuesOf = (said: string, placed: PlacedAnswer | undefined): readonly unknown[] => {
  if (placed === undefined) return parsed(said);
  const { answer, span } = placed;
  const number = numberOfAnswer(plainAnswer(answer))?.number.value;
  return [...parsed(answer), ...parsed(said.slice(span.start)), answer, ...(number === undefined ? [] : [number])];
};

const asValue = async <T>(
  values: readonly unknown[],
  schema: Schema<T>,
): Promise<{ readonly value: T } | { readonly issue: string }> => {
  let issue: string | undefined;
  for (const value of values) {
    const checked = await checkSchema(schema, value);
    if (checked.isValid) return { value: checked.value };
    issue ??= `The answer does not fit the schema: ${checked.issues.join('; ')}.`;
  }
  return { issue: issue ?? 'There is no JSON in the answer.' };
};

/**
 * Reads the answer out of a reply.
 * @throws {PipewrightError} `content-refused`, or `output-invalid` where asking again would not help.
 */
export const readReply = async <T>(
  id: string,
  reply: ChatReply,
  { kind, schema }: ReadAs<T>,
): Promise<ReadReply<T>> => {
  const { said } = withoutThinking(reply.text);
  const placed = placedAnswer(said, kind);
  const end = hopeless(id, reply, placed);
  if (end !== undefined) throw end;
  const reasoning = placed?.reasoning ?? '';
  const foundBy = placed?.foundBy ?? 'last-line';
  if (schema !== undefined) {
    const typed = await asValue(valuesOf(said, placed), schema);
    if ('issue' in typed) return { isRead: false, issue: typed.issue };
    return { isRead: true, answer: typed.value, text: answerText(typed.value), reasoning, foundBy };
  }
  if (placed === undefined) {
    const what = kind === undefined ? 'answer' : `answer of the kind ${kind}`;
    return { isRead: false, issue: `There is no ${what} in what was written.` };
  }
  const { answer } = placed;
  // Without a schema the answer is text, and T is string.
  return { isRead: true, answer: answer as T, text: answer, reasoning, foundBy };
};
