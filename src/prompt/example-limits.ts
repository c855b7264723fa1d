import { checkAtLeast, type Message, sliceTimer, type Step, yieldToEventLoop } from '../core/index.js';
import { type TokenCounter, tokenCounter } from '../model/index.js';
import { type Example, exampleTurns } from './examples.js';

/** For which question examples are wanted; a text is short for `{ text }`. */
export type ExampleQuery = string | ExampleQueryOptions;
export interface ExampleQueryOptions {
  readonly text: string;
  /** Only examples of this category. @default what the selector was made with */
  readonly category?: string;
  /** @default what the selector was made with */
  readonly maxExamples?: number;
  /** @default what the selector was made with */
  readonly maxTokens?: number;
}

/** Chooses examples for a question. Stands beside the question in a `parallel`, before the prompt. */
export type ExampleSelector = Step<ExampleQuery, readonly Example[]>;

/** How much room examples may take. */
export interface ExampleLimits {
  /** @default 4 where examples are searched for, all of a fixed list */
  readonly maxExamples?: number;
  /** Room for all of them in the form in which the prompt shows them. @default no limit */
  readonly maxTokens?: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
  /** The form that is counted: what the prompt does with them. @default exampleTurns */
  readonly render?: (examples: readonly Example[]) => string | readonly Message[];
}

/** Limits with their defaults, and what is to be left out. */
export interface Selection {
  readonly maxExamples: number;
  readonly maxTokens: number;
  readonly counter: TokenCounter;
  readonly render: (examples: readonly Example[]) => string | readonly Message[];
  /** The question. An example of it would give its answer away. */
  readonly text: string;
  /** The order in which the chosen ones stand in the prompt. */
  readonly arrange: (chosen: readonly Example[]) => readonly Example[];
}

/** @throws {PipewrightError} `bad-option` */
export const resolveLimits = (limits: ExampleLimits, maxExamples: number): Required<ExampleLimits> => {
  const { maxTokens = Infinity, model = 'gpt-5', render = exampleTurns } = limits;
  const resolved = { maxExamples: limits.maxExamples ?? maxExamples, maxTokens, model, render };
  checkLimits(resolved);
  return resolved;
};

const checkLimits = ({ maxExamples, maxTokens }: Pick<Selection, 'maxExamples' | 'maxTokens'>): void => {
  checkAtLeast('maxExamples', maxExamples, 0);
  checkAtLeast('maxTokens', maxTokens, 0);
};

/** What a query asks for, by the limits where it is silent. */
export const selectionFor = (
  query: ExampleQueryOptions,
  limits: Required<ExampleLimits>,
  arrange: Selection['arrange'],
): Selection => {
  const { maxExamples = limits.maxExamples, maxTokens = limits.maxTokens, text } = query;
  checkLimits({ maxExamples, maxTokens });
  return { maxExamples, maxTokens, counter: tokenCounter(limits.model), render: limits.render, text, arrange };
};

export const exampleQueryOf = (query: ExampleQuery): ExampleQueryOptions =>
  typeof query === 'string' ? { text: query } : query;

/** A text as it is compared with others: without case, spacing, and signs around it. */
export const normalized = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .replace(/^[\s\p{P}\p{S}]+|[\s\p{P}\p{S}]+$/gu, '') || text;

const tokensOf = async (rendered: string | readonly Message[], counter: TokenCounter): Promise<number> => {
  if (typeof rendered === 'string') return rendered === '' ? 0 : (await counter.count(rendered)).tokens;
  const around = await counter.countRequest({ messages: [] });
  return (await counter.countRequest({ messages: rendered })).tokens - around.tokens;
};

/**
 * The first candidates that fit, one that is too long left out for the next; without the question itself, and without a second one of
 * the same input; best first in, arranged out.
 */
export const choose = async (candidates: Iterable<Example>, selection: Selection): Promise<readonly Example[]> => {
  const { maxExamples, maxTokens, counter, render, text, arrange } = selection;
  const chosen: Example[] = [];
  const seen = new Set([normalized(text)]);
  let left = maxTokens;
  const isTimeUp = sliceTimer();
  for (const example of candidates) {
    if (chosen.length >= maxExamples) break;
    const key = normalized(example.input);
    if (seen.has(key)) continue;
    const tokens = maxTokens === Infinity ? 0 : await tokensOf(render([example]), counter);
    if (tokens > left) continue;
    left -= tokens;
    chosen.push(example);
    seen.add(key);
    if (isTimeUp()) await yieldToEventLoop();
  }
  if (maxTokens === Infinity) return arrange(chosen);
  // Separators count too, and so does what `render` puts around them: what is shown is what counts.
  while (chosen.length > 0 && (await tokensOf(render(arrange(chosen)), counter)) > maxTokens) chosen.pop();
  return arrange(chosen);
};
