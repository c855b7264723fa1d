import { assertNever } from '../core/index.js';
import { compareAlways, compareMeans, compareShares, type Difference, holm, type Sample } from './comparison.js';
import { varianceOf } from './series.js';

/** When an experiment is decided. */
export type ExperimentDesign =
  /** Once, when each arm has so many outcomes (`sampleSize` tells how many); nothing is told before. */
  | { readonly type: 'fixed'; readonly samplesPerArm: number }
  /**
   * At any time: looking often does not make false alarms more frequent. `effect` is the difference that you care for; it ends
   * without a decision at `maxSamplesPerArm`, where that is set.
   */
  | { readonly type: 'sequential'; readonly effect: number; readonly maxSamplesPerArm?: number };

/** What an experiment is about; it cannot change while outcomes come in. */
export interface ExperimentPlan {
  readonly name: string;
  /** Shares of the traffic, in the order of the arms; the first is the control. */
  readonly arms: readonly (readonly [arm: string, weight: number])[];
  readonly outcome: 'binary' | 'continuous';
  readonly better: 'higher' | 'lower';
  readonly design: ExperimentDesign;
  readonly alpha: number;
}

export interface ArmOutcomes extends Sample {
  /** Outcomes that came when the arm had all it takes; they are not counted. */
  readonly late: number;
}

/** An arm beside the control. */
export interface ArmComparison extends Difference {
  /** Corrected for the number of arms (Holm); `low` and `high` are corrected too (Bonferroni). */
  readonly adjustedP: number;
  readonly verdict: 'better' | 'worse' | 'open';
}

export interface ArmReport {
  readonly arm: string;
  readonly weight: number;
  readonly count: number;
  readonly late: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** Left out for the control, and while an experiment of fixed size goes on. */
  readonly comparison?: ArmComparison;
}

export interface ExperimentReport {
  readonly name: string;
  /** `undecided`: it is over, and the outcomes do not tell which arm is better. */
  readonly state: 'running' | 'decided' | 'undecided';
  /** The control when every other arm is worse. */
  readonly winner?: string;
  readonly alpha: number;
  readonly arms: readonly ArmReport[];
  /** The same in words. */
  readonly reason: string;
}

/** How many outcomes an arm takes. */
export const maxOutcomes = (design: ExperimentDesign): number =>
  design.type === 'fixed' ? design.samplesPerArm : (design.maxSamplesPerArm ?? Infinity);

const compare = (plan: ExperimentPlan, control: Sample, arm: Sample, alpha: number): Difference => {
  const { design, outcome } = plan;
  switch (design.type) {
    case 'fixed':
      return outcome === 'binary' ? compareShares(control, arm, alpha) : compareMeans(control, arm, alpha);
    case 'sequential':
      return compareAlways(control, arm, { alpha, effect: design.effect, isBinary: outcome === 'binary' });
    default:
      return assertNever(design);
  }
};

const comparisonsOf = (plan: ExperimentPlan, outcomes: readonly ArmOutcomes[]): readonly ArmComparison[] => {
  const { alpha, better } = plan;
  const [control, ...others] = outcomes as readonly [ArmOutcomes, ...ArmOutcomes[]];
  const differences = others.map((arm) => compare(plan, control, arm, alpha / others.length));
  const adjusted = holm(differences.map(({ p }) => p));
  return differences.map((difference, index) => {
    const adjustedP = adjusted[index] as number;
    const isGain = better === 'higher' ? difference.estimate > 0 : difference.estimate < 0;
    return { ...difference, adjustedP, verdict: adjustedP > alpha ? 'open' : isGain ? 'better' : 'worse' };
  });
};

const winnerOf = ({ arms, better }: ExperimentPlan, compared: readonly ArmComparison[]): string | undefined => {
  const sign = better === 'higher' ? 1 : -1;
  let best: { readonly name: string; readonly gain: number } | undefined;
  compared.forEach(({ verdict, estimate }, index) => {
    const gain = sign * estimate;
    if (verdict === 'better' && gain > (best?.gain ?? 0)) best = { name: arms[index + 1]?.[0] as string, gain };
  });
  return best?.name ?? (compared.every(({ verdict }) => verdict === 'worse') ? arms[0]?.[0] : undefined);
};

/** What the outcomes so far tell. */
export const reportOf = (plan: ExperimentPlan, outcomes: readonly ArmOutcomes[]): ExperimentReport => {
  const { name, alpha, arms, design } = plan;
  const isFull = outcomes.every(({ count }) => count >= maxOutcomes(design));
  const mayLook = design.type === 'sequential' || isFull;
  const compared = mayLook ? comparisonsOf(plan, outcomes) : [];
  const winner = mayLook ? winnerOf(plan, compared) : undefined;
  const state = winner !== undefined ? 'decided' : isFull ? 'undecided' : 'running';
  const reasons = {
    decided: `\`${winner}\` wins; chance alone would make such a difference in fewer than ${100 * alpha} of 100 experiments.`,
    undecided: 'It is over, and no arm is known to be better than the control, or the control better than all others.',
    running: mayLook
      ? 'No arm has won yet.'
      : `Each arm needs ${maxOutcomes(design)} outcomes before anything is told.`,
  };
  return {
    name,
    state,
    ...(winner === undefined ? {} : { winner }),
    alpha,
    reason: reasons[state],
    arms: outcomes.map(({ count, late, mean, squares }, index) => {
      const [arm, weight] = arms[index] as readonly [string, number];
      const comparison = index === 0 ? undefined : compared[index - 1];
      const standardDeviation = Math.sqrt(varianceOf({ count, squares }));
      return { arm, weight, count, late, mean, standardDeviation, ...(comparison === undefined ? {} : { comparison }) };
    }),
  };
};

const rounded = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '…');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

/** A report as a Markdown table with a sentence below. */
export const describeExperiment = ({ name, arms, reason, alpha }: ExperimentReport): string => {
  const level = rounded(100 * (1 - alpha));
  const rows = arms.map(({ arm, count, mean, comparison }) => {
    const { estimate, low, high, adjustedP, verdict } = comparison ?? {};
    const figures =
      estimate === undefined || low === undefined || high === undefined || adjustedP === undefined
        ? ['–', '–', '–']
        : [`${rounded(estimate)} (${rounded(low)} to ${rounded(high)})`, rounded(adjustedP), verdict ?? ''];
    return `| ${[cell(arm), count, rounded(mean), ...figures].join(' | ')} |`;
  });
  return [
    `Experiment \`${cell(name)}\``,
    '',
    `| arm | outcomes | mean | difference (${level} % interval) | p | verdict |`,
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    reason,
  ].join('\n');
};
