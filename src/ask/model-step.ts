import {
  callStep,
  defineStep,
  type Part,
  type Run,
  type Schema,
  type Step,
  type StepInfo,
  system,
  user,
  withoutText,
} from '../core/index.js';
import { structured, type TextModel } from '../output/index.js';

export interface ModelStepParts<In, Out> {
  readonly info: StepInfo;
  /** What the model is to do. */
  readonly rules: string;
  /** What it is to do it with: passages as sources, so that they are data. */
  readonly content: (input: In, run: Run) => string | readonly Part[];
  readonly schema: Schema<Out>;
}

/**
 * A step that asks a model for a checked value, and once more when the first does not fit. What the model writes is a note on the
 * way and not shown.
 */
export const modelStep = <In, Out>(model: TextModel, parts: ModelStepParts<In, Out>): Step<In, Out> => {
  const { info, rules, content, schema } = parts;
  const ask = structured(model, schema, { maxRepairs: 1 });
  return defineStep({ ...info, children: [{ label: 'model', step: ask }] }, async (input, run) =>
    callStep(ask, { messages: [system(rules), user(content(input, run))] }, withoutText(run)),
  );
};
