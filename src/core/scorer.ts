import type { StepLike } from './step.js';

/** An input to try a step with, and what is known of the right output. */
export interface Case<In, Expected = unknown> {
  readonly input: In;
  readonly expected?: Expected;
  readonly id?: string;
}

export interface ScorerInput<In, Out, Expected = unknown> extends Case<In, Expected> {
  readonly output: Out;
}

/** Says how good an output is: 1 is right, 0 is wrong. Any function of that form is a scorer. */
export type Scorer<In, Out, Expected = unknown> = StepLike<ScorerInput<In, Out, Expected>, number>;
