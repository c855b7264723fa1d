import {
  type AnyStep,
  callStep,
  defineStep,
  messageOf,
  type Run,
  type RunEvent,
  type Step,
  type StepLike,
  withoutText,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { answerText, isSameAs } from './answer-text.js';
import { chainOfThought, type ChainOfThoughtOptions } from './chain-of-thought.js';
import { withSources } from './problem.js';
import type { Problem, Reasoned, ReasoningAction } from './types.js';

export interface VerifiedChainOfThoughtOptions<T = string> extends Omit<ChainOfThoughtOptions<T>, 'maxRepairs'> {
  /** The second route; it does not see the first. @default the same model, told to take another way */
  readonly check?: StepLike<Problem, Reasoned<T>>;
  /** Whether two answers are the same. @default `sameAnswer` for texts, equal in depth for other values */
  readonly isSame?: (a: T, b: T) => boolean;
}

/**
 * What came of checking. `agreed`: both routes have the same answer. `confirmed`, `corrected`: they differ, and a third look kept
 * the first answer or changed it. `unsettled`: they differ, and the third look failed. `unchecked`: one route failed. The last two
 * give the answer that there is, the first one where there are two.
 */
export type Verdict = 'agreed' | 'confirmed' | 'corrected' | 'unsettled' | 'unchecked';

/** An answer that was reached in two ways. */
export interface Verified<T = string> extends Reasoned<T> {
  readonly verdict: Verdict;
  readonly first?: Reasoned<T>;
  readonly second?: Reasoned<T>;
  /** The third look, where the routes differ. */
  readonly settled?: Reasoned<T>;
}

const otherWay = [
  'Think of the way that most people would take, and take another one: work backwards, count in another order, use other quantities, or try cases.',
  'Follow it one small step at a time, with every intermediate result.',
  'Estimate the size and kind that the answer must have, and compare.',
];

const settlingSteps = [
  'Read both solutions in the sources. At least one of them is wrong.',
  'Find the first step at which they part, and say which of the two is right there, and why.',
  'Work on from there yourself; the answer may be neither of the two.',
];

const isNotText = ({ type }: RunEvent): boolean => type !== 'text-delta';

interface Parts<T> {
  readonly solve: Step<Problem, Reasoned<T>>;
  readonly check: StepLike<Problem, Reasoned<T>>;
  readonly settle: Step<Problem, Reasoned<T>>;
  readonly isSame: (a: T, b: T) => boolean;
}

type Route<T> = { readonly reasoned: Reasoned<T> } | { readonly error: unknown };

/** A route that fails is reported, and ends nothing unless it was aborted. */
const route = async <T>(
  step: StepLike<Problem, Reasoned<T>>,
  problem: Problem,
  run: Run,
  name: string,
): Promise<Route<T>> => {
  try {
    return { reasoned: await callStep(step, problem, run, name) };
  } catch (error) {
    run.throwIfAborted();
    run.emit({ type: 'warning', message: `The ${name} of a verified chain of thought failed: ${messageOf(error)}` });
    return { error };
  }
};

const asSource = (
  id: string,
  { reasoning, answer }: Reasoned<unknown>,
): { readonly id: string; readonly text: string } => ({
  id,
  text: `${reasoning}\nAnswer: ${answerText(answer)}`,
});

const judged = async <T>(parts: Parts<T>, problem: Problem, run: Run): Promise<Verified<T>> => {
  const { solve, check, settle, isSame } = parts;
  const [one, two] = await Promise.all([
    route(solve, problem, run.with({ passes: isNotText }), 'solution'),
    route(check, problem, withoutText(run), 'check'),
  ]);
  const trace: readonly ReasoningAction[] = [
    { action: 'solve', detail: 'error' in one ? `It failed: ${messageOf(one.error)}` : said(one.reasoned) },
    { action: 'check', detail: 'error' in two ? `It failed: ${messageOf(two.error)}` : said(two.reasoned) },
  ];
  if ('error' in one) {
    if ('error' in two) throw one.error;
    return { ...two.reasoned, verdict: 'unchecked', second: two.reasoned, trace };
  }
  const first = one.reasoned;
  if ('error' in two) return { ...first, verdict: 'unchecked', first, trace };
  const second = two.reasoned;
  if (isSame(first.answer, second.answer)) return { ...first, verdict: 'agreed', first, second, trace };
  const both = withSources(problem, [asSource('first solution', first), asSource('second solution', second)]);
  const three = await route(settle, both, run.with({ passes: isNotText }), 'third look');
  if ('error' in three) {
    const stop: ReasoningAction = { action: 'stop', detail: `The third look failed: ${messageOf(three.error)}` };
    return { ...first, verdict: 'unsettled', first, second, trace: [...trace, stop] };
  }
  const settled = three.reasoned;
  const verdict = isSame(settled.answer, first.answer) ? 'confirmed' : 'corrected';
  const look: ReasoningAction = { action: 'settle', detail: said(settled) };
  return { ...settled, verdict, first, second, settled, trace: [...trace, look] };
};

const said = ({ answer }: Reasoned<unknown>): string => `The answer is ${answerText(answer)}`;

/**
 * Makes a step that solves a problem in two ways at once, the second without sight of the first, and compares the answers. Where
 * they differ the model sees both solutions, as data, and settles it. After Weng et al. (2022), "Large language models are better
 * reasoners with self-verification", arXiv:2212.09561, with a second route in place of masked conditions. While it runs, the
 * reasoning of the first route and of the third look is shown, and the answer at the end.
 * It costs two model calls when the routes agree, three when not; with a schema each may be asked again once. When one route fails,
 * a budget among the reasons, the other one's answer is given; the step throws what the first throws when both fail.
 * @throws {PipewrightError} what `chainOfThought` throws.
 * @example (await verifiedChainOfThought(scripted(['Answer: 42', 'Answer: 42.0']))('6 times 7?')).verdict // => 'agreed'
 */
export const verifiedChainOfThought = <T = string>(
  model: ChatModel,
  options: VerifiedChainOfThoughtOptions<T> = {},
): Step<Problem, Verified<T>> => {
  const { check, isSame, ...thinking } = options;
  const { examples: _, ...withoutExamples } = thinking;
  const parts: Parts<T> = {
    solve: chainOfThought(model, thinking),
    check: check ?? chainOfThought(model, { ...thinking, steps: otherWay }),
    settle: chainOfThought(model, { ...withoutExamples, steps: settlingSteps }),
    isSame: isSame ?? isSameAs(options.kind),
  };
  const children = [
    { label: 'solve', step: parts.solve },
    { label: 'check', step: parts.check as AnyStep },
    { label: 'settle', step: parts.settle },
  ];
  return defineStep({ kind: 'verified-chain-of-thought', children }, async (problem, run) => {
    const verified = await judged(parts, problem, run);
    run.emit({ type: 'text-delta', text: answerText(verified.answer) });
    return verified;
  });
};
