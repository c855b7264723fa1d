import {
  type AnyStep,
  checkAtLeast,
  defineStep,
  isPipewrightError,
  PipewrightError,
  type Run,
  type Step,
  type StepLike,
} from '../core/index.js';
import type { AnswerKind } from './answer-value.js';
import { answerText, isSameAs } from './answer-text.js';
import { isOverBudget, type Sample, sampling } from './sampling.js';
import type { Reasoned } from './types.js';
import { type Ballot, countVotes, isDecided, isTied, type Vote } from './vote.js';

export interface SelfConsistencyOptions<T = string> {
  /** How often the problem is thought through at most. @default 5 */
  readonly samples?: number;
  /** How many at once. Fewer than `samples` are cheaper when the vote is decided early. @default 5 */
  readonly concurrency?: number;
  /** What the answers are, for comparing them. @default what each looks like */
  readonly kind?: AnswerKind;
  /** Whether two answers are the same. @default `sameAnswer` for texts, equal in depth for other values */
  readonly isSame?: (a: T, b: T) => boolean;
  /** What a sample's vote counts, from 0 to 1, such as its `confidence`. @default 1: the majority wins */
  readonly weight?: (sample: Reasoned<T>) => number;
  /** How many samples must have an answer. @default half of them, rounded up */
  readonly quorum?: number;
  /** Whether to stop, and cancel what runs, once no further sample can change who wins. @default true */
  readonly shouldStopEarly?: boolean;
}

/** What was voted for. `confidence` is the winner's share of the weight that was cast. */
export interface Voted<T = string> extends Reasoned<T> {
  readonly confidence: number;
  /** The answers with their weight, the winner first. */
  readonly votes: readonly Vote<T>[];
  /** What became of every sample, in order. */
  readonly samples: readonly Sample<Reasoned<T>>[];
  /** Whether another answer has the same weight; then the one that was given first won. */
  readonly isTied: boolean;
  /** Why no more samples were taken. */
  readonly stopped: 'all' | 'decided' | 'budget';
}

type Settings<T> = Required<Omit<SelfConsistencyOptions<T>, 'kind'>>;

const settingsOf = <T>(options: SelfConsistencyOptions<T>): Settings<T> => {
  const { samples = 5, concurrency = 5, kind, weight = () => 1, shouldStopEarly = true } = options;
  const { quorum = Math.ceil(samples / 2) } = options;
  checkAtLeast('samples', samples, 1);
  checkAtLeast('concurrency', concurrency, 1);
  checkAtLeast('quorum', quorum, 1);
  if (quorum > samples) {
    throw new PipewrightError('bad-option', `\`quorum\` is ${quorum}, more than the ${samples} samples. Lower it.`);
  }
  return { samples, concurrency, quorum, weight, shouldStopEarly, isSame: options.isSame ?? isSameAs(kind) };
};

const ballotOf = <T>(sample: Sample<Reasoned<T>>, at: number, weigh: Settings<T>['weight']): readonly Ballot<T>[] => {
  if (sample.status !== 'answered') return [];
  const weight = weigh(sample.output);
  if (!(weight >= 0 && weight <= 1)) {
    throw new PipewrightError(
      'bad-option',
      `\`weight\` must give a number from 0 to 1, gave ${weight} for sample ${at + 1}.`,
    );
  }
  return [{ sample: at, answer: sample.output.answer, weight }];
};

/** Too few answered: the refusal of a budget, or the failure itself where all failed, so that what is around can act on it. */
const noQuorum = <T>(samples: readonly Sample<T>[], quorum: number): unknown => {
  const failures = samples.flatMap((sample) => (sample.status === 'failed' ? [sample.error] : []));
  const answered = samples.filter(({ status }) => status === 'answered').length;
  const refusal = failures.find(isOverBudget);
  if (refusal !== undefined) return refusal;
  if (answered === 0 && failures.length > 0) return failures[0];
  const retryable = failures.some((error) => isPipewrightError(error) && error.retryable);
  const message = `Only ${answered} of ${samples.length} samples gave an answer, and the quorum is ${quorum}. Take more samples, or lower it.`;
  return new PipewrightError('model-failed', message, { cause: failures[0], retryable });
};

const show = ({ reasoning }: Reasoned<unknown>, answer: unknown, run: Run): void => {
  if (reasoning !== '') run.emit({ type: 'reasoning-delta', text: reasoning });
  run.emit({ type: 'text-delta', text: answerText(answer) });
};

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * Makes a step that thinks a problem through several times at once and takes the answer that most come to: Wang et al. (2022),
 * "Self-consistency improves chain of thought reasoning", arXiv:2203.11171. The step has to vary: give its request a `temperature`
 * above 0, and put no cache inside. Sampling stops, and what runs is cancelled, once the vote is decided. A sample that fails is no
 * vote; with fewer answers than the quorum the call fails. When the budget refuses a sample no further one starts, and those that
 * are there vote if they are a quorum; else the call fails with that refusal. What a sample writes is not shown; the winner's reasoning and answer are, at the end.
 * It costs at most `samples` times the step. The step throws the first failure when all fail, else `model-failed`.
 * @throws {PipewrightError} `bad-option`; also from the step, for a weight out of range.
 * @example (await selfConsistency(chainOfThought(scripted(['Answer: 6', 'Answer: 7.0', 'Answer: 7'])), { samples: 3 })('3 + 4?')).answer // => '7.0'
 */
export const selfConsistency = <In, T = string>(
  step: StepLike<In, Reasoned<T>>,
  options: SelfConsistencyOptions<NoInfer<T>> = {},
): Step<In, Voted<T>> => {
  const settings = settingsOf<T>(options);
  const { samples: most, concurrency, quorum, weight, isSame, shouldStopEarly } = settings;
  const children = [{ label: 'sample', step: step as AnyStep, maxCalls: most }];
  const details = { samples: most, concurrency, quorum, isWeighted: options.weight !== undefined };
  return defineStep({ kind: 'self-consistency', details, children }, async (input, run) => {
    const count = (samples: readonly Sample<Reasoned<T>>[]): readonly Vote<T>[] =>
      countVotes(
        samples.flatMap((sample, at) => ballotOf(sample, at, weight)),
        isSame,
      );
    const { samples, stopped } = await sampling(
      step,
      input,
      run,
      { most, concurrency, quorum },
      (soFar, left) =>
        shouldStopEarly &&
        soFar.filter(({ status }) => status === 'answered').length >= quorum &&
        isDecided(count(soFar), left),
    );
    const votes = count(samples);
    const [won] = votes;
    const answered = votes.reduce((sum, vote) => sum + vote.samples.length, 0);
    const first = samples[won?.samples[0] ?? 0];
    if (won === undefined || first?.status !== 'answered' || answered < quorum) throw noQuorum(samples, quorum);
    const total = votes.reduce((sum, vote) => sum + vote.weight, 0);
    const { output } = first;
    run.emit({
      type: 'choice-made',
      chosen: answerText(output.answer),
      reason: `${won.samples.length} of ${answered} samples`,
    });
    show(output, won.answer, run);
    return {
      answer: won.answer,
      reasoning: output.reasoning,
      foundBy: output.foundBy,
      confidence: share(won.weight, total),
      votes,
      samples,
      isTied: isTied(votes),
      stopped,
      trace: [
        ...samples.map(({ status }, at) => ({ action: 'sample' as const, detail: `Sample ${at + 1}: ${status}.` })),
        {
          action: 'vote',
          detail: `${won.samples.length} of ${answered} samples for the answer; ${votes.length} answers.`,
        },
      ],
    };
  });
};
