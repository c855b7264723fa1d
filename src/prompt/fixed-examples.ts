import { defineStep, type Random } from '../core/index.js';
import {
  choose,
  type ExampleLimits,
  exampleQueryOf,
  type ExampleSelector,
  resolveLimits,
  selectionFor,
} from './example-limits.js';
import type { Example } from './examples.js';

export interface FixedExamplesOptions extends ExampleLimits {
  /** Only examples of this category. @default all */
  readonly category?: string;
  /**
   * Which come first, and so which are left out when room is short: as given; one of each category in turn; or by the run's
   * chance. @default 'given'
   */
  readonly order?: 'given' | 'balanced' | 'random';
}

/** One of each category in turn. */
const balanced = (examples: readonly Example[]): readonly Example[] => {
  const rounds: Example[][] = [];
  const counts = new Map<string | undefined, number>();
  for (const example of examples) {
    const round = counts.get(example.category) ?? 0;
    counts.set(example.category, round + 1);
    const others = rounds[round];
    if (others === undefined) rounds[round] = [example];
    else others.push(example);
  }
  return rounds.flat();
};

/** Fisher and Yates. */
const shuffled = (examples: readonly Example[], random: Random): readonly Example[] => {
  const list = [...examples];
  for (let last = list.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1));
    [list[last], list[at]] = [list[at] as Example, list[last] as Example];
  }
  return list;
};

/**
 * Examples from a list that stays the same, by category, up to a number and a count of tokens. The example of the very question
 * that is asked is left out, and so is a second one with the same input. Calls no model.
 * @throws {PipewrightError} `bad-option`
 * @example (await fixedExamples([{ input: '2+2', output: '4' }, { input: '3+3', output: '6' }])('2+2')).length // => 1
 */
export const fixedExamples = (examples: readonly Example[], options: FixedExamplesOptions = {}): ExampleSelector => {
  const { category, order = 'given', ...rest } = options;
  const limits = resolveLimits(rest, Infinity);
  const details = { count: examples.length, order, ...(category === undefined ? {} : { category }) };
  return defineStep({ kind: 'example-selector', name: 'fixed-examples', details }, async (query, run) => {
    const asked = exampleQueryOf(query);
    const wanted = asked.category ?? category;
    const own = wanted === undefined ? examples : examples.filter((example) => example.category === wanted);
    const ordered = order === 'given' ? own : order === 'balanced' ? balanced(own) : shuffled(own, run.random);
    return choose(
      ordered,
      selectionFor(asked, limits, (chosen) => chosen),
    );
  });
};
