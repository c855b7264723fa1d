import {
  callStep,
  type Case,
  isPipewrightError,
  map,
  type Message,
  messageOf,
  PipewrightError,
  type Run,
  type Scorer,
  user,
  withoutText,
} from '../core/index.js';
import type { TextModel, TextReply, TextRequest } from '../output/index.js';
import type { Candidate } from './candidate.js';
import { type PromptVariables, renderStep } from './content.js';
import type { Journal } from './journal.js';

/** A case with the name that its results are kept under. */
export interface KeyedCase extends Case<PromptVariables> {
  readonly key: string;
}

/** What a candidate made of a case. */
export interface Trial {
  readonly output: string;
  readonly score: number;
}

/** The scores of candidates by case; a case that a candidate shows as an example is no test of it. */
export interface Evaluator {
  readonly trials: (candidate: Candidate, cases: readonly KeyedCase[], run: Run) => Promise<ReadonlyMap<string, Trial>>;
}

export interface EvaluatorParts {
  readonly model: TextModel;
  readonly scorer: Scorer<PromptVariables, string>;
  readonly journal: Journal;
  readonly concurrency: number;
  /** Asked before so many cases are tried; throws when there is no room for them. */
  readonly admit: (trials: number) => void;
}

/** What a prompt can be to blame for; any other failure ends the work, which can be resumed. */
const ownFailures: ReadonlySet<string> = new Set(['content-refused', 'context-too-long', 'output-invalid']);

const answer = async (model: TextModel, messages: readonly Message[], run: Run): Promise<string> => {
  const { text } = await callStep<TextRequest, TextReply>(model, { messages }, run);
  return text;
};

export const evaluator = ({ model, scorer, journal, concurrency, admit }: EvaluatorParts): Evaluator => {
  const attempt = async (candidate: Candidate, each: KeyedCase, run: Run): Promise<Trial> => {
    const rendered = await renderStep(candidate.content)(each.input, run);
    const messages = typeof rendered === 'string' ? [user(rendered)] : rendered;
    let output: string;
    try {
      output = await answer(model, messages, withoutText(run));
    } catch (error) {
      if (!isPipewrightError(error) || !ownFailures.has(error.code)) throw error;
      return { output: `(${messageOf(error)})`, score: 0 };
    }
    const { input, expected, id } = each;
    const known = { ...(expected === undefined ? {} : { expected }), ...(id === undefined ? {} : { id }) };
    const score = await callStep(scorer, { input, output, ...known }, withoutText(run), 'score');
    if (Number.isFinite(score)) return { output, score };
    throw new PipewrightError(
      'bad-input',
      `The scorer gave ${score} for the case ${id ?? each.key}. It must give a number.`,
    );
  };
  return {
    trials: async (candidate, cases, run) => {
      const shown = new Set(candidate.demonstrations.map(({ caseKey }) => caseKey));
      const tested = cases.filter(({ key }) => !shown.has(key));
      const nameOf = ({ key }: KeyedCase): string => `trial/${candidate.hash}/${key}`;
      // Asked once for all of them: calls under way are not cut off, and paid in full, because another one has no room.
      admit(tested.filter((each) => !journal.has(nameOf(each))).length);
      const one = (each: KeyedCase, inner: Run): Promise<Trial> =>
        journal.remember(nameOf(each), () => attempt(candidate, each, inner));
      const trials = await map(one, { concurrency })(tested, run);
      return new Map(tested.map(({ key }, index) => [key, trials[index] as Trial]));
    },
  };
};
