import { createHash } from 'node:crypto';
import { checkAtLeast, PipewrightError, type Store } from '../core/index.js';
import { accumulator } from './accumulator.js';
import { minSamplesForAlways } from './comparison.js';
import {
  type ArmOutcomes,
  type ExperimentDesign,
  type ExperimentPlan,
  type ExperimentReport,
  maxOutcomes,
  reportOf,
} from './experiment-report.js';
import { checkName } from './keys.js';
import { noSeries, plusFigure } from './series.js';
import { changeState, isCount, isFigure, loadState, type StateForm } from './state.js';

export interface ExperimentOptions {
  /** Where outcomes are kept. It stays yours to close. */
  readonly store: Store;
  /** The arms and their shares of the traffic, as weights: `{ current: 9, shorter: 1 }`. */
  readonly arms: Readonly<Record<string, number>>;
  /** What the others are compared with. @default the first of the arms */
  readonly control?: string;
  /** `binary`: 1 for a success, 0 for none. */
  readonly outcome: 'binary' | 'continuous';
  /** Which outcomes are better. @default 'higher' */
  readonly better?: 'higher' | 'lower';
  readonly design: ExperimentDesign;
  /** How often an arm that is no better may be taken for better or worse. @default 0.05 */
  readonly alpha?: number;
}

/** An experiment between arms. */
export interface Experiment {
  readonly name: string;
  readonly arms: readonly string[];
  /** The arm of a user, session or whatever else the traffic is split by: always the same for a key, also in other processes. */
  readonly assign: (key: string) => string;
  /**
   * Tells what came of the arm that the key was assigned to. One outcome for each key: what one user does often is one outcome,
   * its sum or mean.
   * @throws {PipewrightError} `bad-input` for an outcome that is none; `bad-option` when the experiment was begun with another plan.
   */
  readonly record: (key: string, outcome: number) => Promise<void>;
  readonly report: () => Promise<ExperimentReport>;
}

const bad = (message: string): PipewrightError => new PipewrightError('bad-option', message);

const checkDesign = (design: ExperimentDesign, outcome: string): void => {
  if (design.type === 'fixed') {
    checkAtLeast('design.samplesPerArm', design.samplesPerArm, 2);
    if (!isCount(design.samplesPerArm)) throw bad('`design.samplesPerArm` must be a whole number.');
    return;
  }
  const { effect, maxSamplesPerArm = Infinity } = design;
  checkAtLeast('design.maxSamplesPerArm', maxSamplesPerArm, minSamplesForAlways);
  if (!(effect > 0 && effect < Infinity) || (outcome === 'binary' && effect >= 1)) {
    throw bad(`\`design.effect\` must be above 0, and below 1 for binary outcomes, got ${effect}.`);
  }
};

const planOf = (name: string, options: ExperimentOptions): ExperimentPlan => {
  const { arms, outcome, better = 'higher', design, alpha = 0.05 } = options;
  checkName(name);
  const entries = Object.entries(arms);
  const { control = entries[0]?.[0] ?? '' } = options;
  for (const [arm, weight] of entries) {
    checkName(arm);
    if (!(weight > 0 && weight < Infinity))
      throw bad(`The weight of the arm \`${arm}\` must be above 0, got ${weight}.`);
  }
  if (entries.length < 2 || !Object.hasOwn(arms, control)) {
    throw bad('An experiment needs two arms or more, and `control` must be one of them.');
  }
  if (!(alpha > 0 && alpha < 1)) throw bad(`\`alpha\` must be above 0 and below 1, got ${alpha}.`);
  checkDesign(design, outcome);
  // The control first, the others in an order that does not hang on how they were written down.
  const others = entries.filter(([arm]) => arm !== control).sort(([a], [b]) => (a < b ? -1 : 1));
  return { name, arms: [[control, arms[control] as number], ...others], outcome, better, design, alpha };
};

const planForm: StateForm<string> = {
  what: 'plan of an experiment',
  read: ({ plan }) => (typeof plan === 'string' ? plan : undefined),
  write: (plan) => ({ plan }),
};

const outcomesForm: StateForm<ArmOutcomes> = {
  what: 'outcomes of an experiment',
  read: ({ count, mean, squares, late }) =>
    isCount(count) && isFigure(mean) && isFigure(squares) && squares >= 0 && isCount(late)
      ? { count, mean, squares, late }
      : undefined,
  write: (outcomes) => outcomes,
};

const noOutcomes: ArmOutcomes = { count: 0, mean: 0, squares: 0, late: 0 };

const withOutcome = (before: ArmOutcomes, outcome: number, max: number): ArmOutcomes => {
  if (before.count >= max) return { ...before, late: before.late + 1 };
  const { count, mean, squares } = plusFigure({ ...noSeries, ...before }, outcome, 0);
  return { count, mean, squares, late: before.late };
};

/** A number from 0 to 1 that hangs on the text alone, and otherwise looks drawn by chance. */
const shareOf = (text: string): number => createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48;

const assigner = ({ name, arms }: ExperimentPlan) => {
  const sum = arms.reduce((total, [, weight]) => total + weight, 0);
  // The name is in the hash, so that the arms of one experiment say nothing about those of another.
  return (key: string): string => {
    let left = shareOf(`${name}\n${key}`) * sum;
    for (const [arm, weight] of arms) {
      left -= weight;
      if (left < 0) return arm;
    }
    return arms.at(-1)?.[0] as string;
  };
};

/**
 * An experiment that splits traffic between arms by a key, takes what came of it, and says which arm is better, with intervals.
 * With more than two arms each is compared with the control, and p-values and intervals are corrected for it. The plan is kept
 * with the first outcome; another plan of the same name is refused, so that no outcome is counted under two of them.
 * @throws {PipewrightError} `bad-option` for a plan that cannot be.
 * @example
 * const test = experiment('tone', { store: memoryStore(), arms: { plain: 1, warm: 1 }, outcome: 'binary', design: { type: 'sequential', effect: 0.05 } });
 * test.assign('user 7') === test.assign('user 7') // => true
 */
export const experiment = (name: string, options: ExperimentOptions): Experiment => {
  const plan = planOf(name, options);
  const { store } = options;
  const max = maxOutcomes(plan.design);
  const base = `experiment/${encodeURIComponent(name)}`;
  const keyOf = (arm: string): string => `${base}/${encodeURIComponent(arm)}`;
  const assign = assigner(plan);
  const sums = accumulator<ArmOutcomes, number>(store, outcomesForm, (before = noOutcomes, outcome) =>
    withOutcome(before, outcome, max),
  );
  const text = JSON.stringify(plan);
  const checkPlan = (kept: string | undefined): string => {
    if (kept === undefined || kept === text) return text;
    throw bad(`The experiment \`${name}\` was begun with another plan: ${kept}. Give the new one another name.`);
  };
  let isKept = false;
  const keepPlan = async (): Promise<void> => {
    if (isKept) return;
    await changeState(planForm, store, base, checkPlan);
    isKept = true;
  };
  return {
    name,
    arms: plan.arms.map(([arm]) => arm),
    assign,
    record: async (key, outcome) => {
      const isOutcome = plan.outcome === 'binary' ? outcome === 0 || outcome === 1 : Number.isFinite(outcome);
      if (!isOutcome) {
        const wanted = plan.outcome === 'binary' ? '0 or 1' : 'a finite number';
        throw new PipewrightError('bad-input', `An outcome of \`${name}\` must be ${wanted}, got ${outcome}.`);
      }
      await keepPlan();
      await sums.add(keyOf(assign(key)), outcome);
    },
    report: async () => {
      checkPlan(await loadState(planForm, store, base));
      const outcomes = plan.arms.map(async ([arm]) => (await loadState(outcomesForm, store, keyOf(arm))) ?? noOutcomes);
      return reportOf(plan, await Promise.all(outcomes));
    },
  };
};
