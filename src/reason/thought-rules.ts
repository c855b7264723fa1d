import { assistant, type JsonSchema, type Message, user } from '../core/index.js';
import type { AnswerKind } from './answer-value.js';

/** A problem that was solved well, to learn from. */
export interface WorkedExample {
  readonly question: string;
  readonly reasoning: string;
  readonly answer: string;
}

/** Before the answer, on the last line of what the model writes. */
export const answerMarker = 'Answer:';

const forms: Readonly<Record<AnswerKind, string>> = {
  number: 'the number, with its unit if it has one',
  choice: 'the letter of the choice',
  'yes-no': 'yes or no',
  date: 'the date as YYYY-MM-DD',
  list: 'the items, separated by commas',
  text: 'the final answer',
};

export interface RuleParts {
  readonly steps: readonly string[];
  readonly instructions: string;
  readonly kind: AnswerKind | undefined;
  readonly jsonSchema: JsonSchema | undefined;
  /** The model thinks before it writes: then it need not think on paper. */
  readonly isThinking: boolean;
}

/** What the model is told: how to think, and where to put the answer. */
export const rulesOf = ({ steps, instructions, kind, jsonSchema, isThinking }: RuleParts): string => {
  const numbered = steps.map((step, at) => `${at + 1}. ${step}`).join('\n');
  const form =
    jsonSchema === undefined
      ? `Write "${answerMarker}" and then only ${kind === undefined ? forms.text : forms[kind]} on the last line.`
      : `At the end write "${answerMarker}" and then only JSON of this schema: ${JSON.stringify(jsonSchema)}`;
  return [
    ...(instructions === '' ? [] : [instructions]),
    isThinking
      ? `Take these steps, and write down shortly what each comes to:\n${numbered}`
      : `Think step by step:\n${numbered}`,
    form,
  ].join('\n\n');
};

/** A worked example as a turn of the conversation. */
export const exampleMessages = (examples: readonly WorkedExample[]): readonly Message[] =>
  examples.flatMap(({ question, reasoning, answer }): readonly Message[] => [
    user(question),
    assistant(`${reasoning}\n${answerMarker} ${answer}`),
  ]);
