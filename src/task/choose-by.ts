import { callStep, defineStep, type Run, type Step, type StepLike } from '../core/index.js';
import type { Classification } from './classify.js';
import { unsure } from './labels.js';

export interface ChooseByOptions<In, Other extends string = never> {
  /** Chosen where the classifier is unsure. @default the best label all the same */
  readonly otherwise?: Other;
  /** The text that is classified. @default the input itself, which then must be a text */
  readonly text?: (input: In) => string;
}

/**
 * Makes the chooser of a `route` out of a classifier: the label names the route. Emits `choice-made`.
 * @example await route(chooseBy(classify(scripted(['bug']), ['bug', 'idea'], { confidence: 'self-report' })), { bug: () => 'fix', idea: () => 'think' })('It crashes') // => 'fix'
 */
export const chooseBy = <L extends string, In = string, const Other extends string = never>(
  classifier: StepLike<string, Classification<L>>,
  options: ChooseByOptions<In, Other> = {},
): Step<In, L | Other> => {
  const { otherwise, text = (input: In) => String(input) } = options;
  return defineStep({ kind: 'choose-by', children: [{ step: classifier }] }, async (input: In, run: Run) => {
    const { label, best, confidence } = await callStep(classifier, text(input), run);
    const chosen = label === unsure ? (otherwise ?? best) : label;
    const reason = `${best} at ${confidence.toFixed(2)}${label === unsure ? ', which is unsure' : ''}`;
    run.emit({ type: 'choice-made', chosen, reason });
    return chosen;
  });
};
