import {
  type AnyStep,
  callStep,
  defineStep,
  messageOf,
  PipewrightError,
  type Step,
  type StepLike,
} from '../core/index.js';
import type { Experiment } from './experiment.js';

export interface AbTestOptions<In, Out> {
  /** What the traffic is split by, such as the id of a user: equal keys take the same arm. */
  readonly key: (input: In) => string;
  /** The outcome of an output, where it can be told at once. @default not told; `experiment.record` tells it later */
  readonly outcome?: StepLike<{ readonly input: In; readonly output: Out }, number>;
}

/**
 * A step that sends each input to the arm of its key, such as to one version of a prompt or another. What cannot be recorded is a
 * `warning`; the call goes on.
 * @throws {PipewrightError} `bad-option` unless there is one step for each arm of the experiment.
 * @example
 * const test = experiment('tone', { store: memoryStore(), arms: { a: 1, b: 1 }, outcome: 'binary', design: { type: 'fixed', samplesPerArm: 100 } });
 * await abTest(test, { a: () => 'Hello', b: () => 'Hello' }, { key: (user: string) => user })('ann') // => 'Hello'
 */
export const abTest = <In, Out>(
  experiment: Experiment,
  arms: Readonly<Record<string, StepLike<In, Out>>>,
  { key, outcome }: AbTestOptions<In, Out>,
): Step<In, Out> => {
  const { name } = experiment;
  const known = new Set(experiment.arms);
  const wrong = [
    ...experiment.arms.filter((arm) => !Object.hasOwn(arms, arm)),
    ...Object.keys(arms).filter((arm) => !known.has(arm)),
  ];
  if (wrong.length > 0) {
    const message = `The experiment \`${name}\` has the arms ${experiment.arms.join(', ')}; give one step for each. Wrong: ${wrong.join(', ')}.`;
    throw new PipewrightError('bad-option', message);
  }
  const children = experiment.arms.map((arm) => ({ label: arm, step: arms[arm] as AnyStep }));
  return defineStep(
    { kind: 'route', name: `ab-test ${name}`, children: [{ step: key }, ...children] },
    async (input, run) => {
      const unit = key(input);
      const arm = experiment.assign(unit);
      run.emit({ type: 'choice-made', chosen: arm, reason: `arm of the experiment ${name}` });
      const output = await callStep(arms[arm] as StepLike<In, Out>, input, run, arm);
      if (outcome === undefined) return output;
      try {
        await experiment.record(unit, await callStep(outcome, { input, output }, run, 'outcome'));
      } catch (error) {
        run.throwIfAborted();
        run.emit({ type: 'warning', message: `The outcome was not recorded: ${messageOf(error)}` });
      }
      return output;
    },
  );
};
