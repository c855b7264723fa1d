import { createRun } from '../../src/core/index.js';
import { extractAnswer, type Reasoned, sameAnswer, selfConsistency, type Voted } from '../../src/reason/index.js';
import type { RecordedQuestion, RecordedSample } from './reasoning-data.js';

/** Whether an answer is the published one. */
export const isRight = ({ answer }: RecordedQuestion, given: string): boolean =>
  sameAnswer(given, answer, { kind: 'number' });

/** What was written as a step would give it; a text without an answer fails, as it does in chain of thought. */
const reasonedOf = ({ text }: RecordedSample): Reasoned => {
  const found = extractAnswer(text, 'number');
  // The one text that was cut before its answer has no marker; its last number is none.
  if (found === undefined || found.foundBy === 'last-number') throw new Error('There is no answer.');
  return { ...found, trace: [] };
};

export interface VoteSettings {
  /** How much the vote of each model counts, from 0 to 1. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly concurrency?: number;
  readonly shouldStopEarly?: boolean;
}

/** The vote of the recorded samples of a question, in their order. */
export const voteOn = async (question: RecordedQuestion, settings: VoteSettings = {}): Promise<Voted> => {
  const { weights, concurrency = 1, shouldStopEarly = false } = settings;
  const samples = question.samples;
  let next = 0;
  const step = async (): Promise<Reasoned & { readonly model: string }> => {
    const sample = samples[next++ % samples.length] ?? { model: '', text: '', answer: null, isCorrect: false };
    return { ...reasonedOf(sample), model: sample.model };
  };
  const weight = (sample: Reasoned): number => weights?.[(sample as Reasoned & { readonly model: string }).model] ?? 1;
  const vote = selfConsistency(step, {
    samples: samples.length,
    concurrency,
    quorum: 1,
    kind: 'number',
    shouldStopEarly,
    ...(weights === undefined ? {} : { weight }),
  });
  return vote(question.question, createRun());
};

/** How often two wrong answers to a question are the same. */
const agreementInError = (questions: readonly RecordedQuestion[]): number => {
  let pairs = 0;
  let same = 0;
  for (const { samples } of questions) {
    const wrong = samples.filter(({ isCorrect, answer }) => !isCorrect && answer !== null);
    for (const [at, { answer: one }] of wrong.entries()) {
      for (const { answer: other } of wrong.slice(at + 1)) {
        pairs++;
        if (sameAnswer(one ?? '', other ?? '', { kind: 'number' })) same++;
      }
    }
  }
  return same / pairs;
};

/**
 * The weight of each model from how often it was right on these questions, the best one at 1: its log-odds against one certain
 * wrong answer, log(p / (1 − p)) − log(q), where q is how often two wrong answers agree. Source: Nitzan and Paroush, "Optimal
 * decision rules in uncertain dichotomous choice situations" (1982), with a uniform choice among the wrong answers.
 */
export const weightsFrom = (questions: readonly RecordedQuestion[]): Readonly<Record<string, number>> => {
  const right = new Map<string, number>();
  for (const { model, isCorrect } of questions.flatMap(({ samples }) => samples)) {
    right.set(model, (right.get(model) ?? 0) + (isCorrect ? 1 : 0));
  }
  const agreement = agreementInError(questions);
  const weights = [...right].map(([model, count]) => {
    const ratio = (count + 1) / (questions.length + 2);
    return [model, Math.max(0, Math.log(ratio / (1 - ratio)) - Math.log(agreement))] as const;
  });
  const most = Math.max(...weights.map(([, weight]) => weight));
  return Object.fromEntries(weights.map(([model, weight]) => [model, weight / most]));
};
