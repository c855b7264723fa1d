import { PipewrightError } from '../core/index.js';
import type { ModelPerformance } from './performance.js';
import { costOf } from './prices.js';
import type { ModelFeatures, ModelLimits, ModelPrice } from './types.js';

/** What a task asks of a model. What is left out is not asked. */
export interface ModelNeeds {
  readonly features?: readonly (keyof ModelFeatures)[];
  /** All of these must be among the model's tags. */
  readonly tags?: readonly string[];
  /** Tokens that go in; with `outputTokens` they must fit into the context. @default 1000 for the estimate of the cost */
  readonly inputTokens?: number;
  /** Tokens that are to come out at most. @default 500 for the estimate of the cost */
  readonly outputTokens?: number;
  /** The most that the call may cost, as estimated from the price and the tokens. */
  readonly maxCostUsd?: number;
  /** The longest that the median of the last calls may have taken; a model that was not called yet passes. */
  readonly maxLatencyMs?: number;
  readonly minQuality?: number;
  /** What counts among the models that fit. @default each 1 */
  readonly weights?: { readonly quality?: number; readonly speed?: number; readonly cost?: number };
}

/** What is known of a model, as plain data. */
export interface ModelFacts {
  readonly id: string;
  /** The model's name at its provider. */
  readonly model: string;
  readonly provider: string;
  readonly features: ModelFeatures;
  readonly limits: ModelLimits;
  /** Left out when it is not known. */
  readonly price?: ModelPrice;
  readonly tags: readonly string[];
  /** How good its answers are, from 0 to 1. */
  readonly quality: number;
  readonly isActive: boolean;
}

/** A model that may be chosen. */
export interface ModelCandidate extends ModelFacts {
  /** False for a model that is known from imported data alone. */
  readonly isThere: boolean;
  readonly performance: ModelPerformance;
}

/** Why a model was taken, or could have been, or was left out. */
export interface CandidateVerdict {
  readonly id: string;
  readonly fits: boolean;
  /** What it lacks, one line each; empty when it fits. */
  readonly lacks: readonly string[];
  /** From 0 to 1; left out when it does not fit. */
  readonly score?: number;
  /** What the score is made of, each from 0 to 1. */
  readonly parts?: ScoreParts;
}

export interface ScoreParts {
  readonly quality: number;
  /** The time of the fastest model that fits, divided by this one's. */
  readonly speed: number;
  /** The cost of the cheapest model that fits, divided by this one's. */
  readonly cost: number;
  /** The share of calls that did not fail, smoothed: it multiplies the score. */
  readonly reliability: number;
}

export interface ModelChoice {
  readonly id: string;
  /** Why, in one line. */
  readonly reason: string;
  /** All models: those that fit by falling score, then those that do not. */
  readonly candidates: readonly CandidateVerdict[];
}

const typicalTokens = { inputTokens: 1_000, outputTokens: 500 };

/** What the call would cost: by the price, else what calls did cost; undefined when neither is known. */
const estimatedCost = (candidate: ModelCandidate, needs: ModelNeeds): number | undefined => {
  const { price, performance } = candidate;
  const { inputTokens = typicalTokens.inputTokens, outputTokens = typicalTokens.outputTokens } = needs;
  return price === undefined ? performance.costPerCallUsd : costOf({ inputTokens, outputTokens }, price);
};

const usd = (amount: number): string => `$${Number(amount.toPrecision(3))}`;

const lacksOf = (candidate: ModelCandidate, needs: ModelNeeds): readonly string[] => {
  const { features, limits, tags, quality, isActive, isThere, performance } = candidate;
  const { inputTokens = 0, outputTokens = 0, maxCostUsd, maxLatencyMs, minQuality = 0 } = needs;
  const { contextTokens = Infinity, maxOutputTokens = Infinity } = limits;
  const costUsd = estimatedCost(candidate, needs);
  const { latencyP50Ms } = performance;
  const missing = (needs.features ?? []).filter((feature) => !features[feature]);
  const untagged = (needs.tags ?? []).filter((tag) => !tags.includes(tag));
  const checks: readonly (readonly [isWrong: boolean, what: () => string])[] = [
    [!isThere, () => 'no model was given for it'],
    [!isActive, () => 'deactivated'],
    [missing.length > 0, () => `lacks ${missing.join(', ')}`],
    [untagged.length > 0, () => `not tagged ${untagged.join(', ')}`],
    [
      inputTokens + outputTokens > contextTokens,
      () => `${inputTokens + outputTokens} tokens do not fit into its context of ${contextTokens}`,
    ],
    [outputTokens > maxOutputTokens, () => `writes at most ${maxOutputTokens} tokens, ${outputTokens} are asked for`],
    [quality < minQuality, () => `quality ${quality} is below ${minQuality}`],
    [maxCostUsd !== undefined && costUsd === undefined, () => 'its price is not known'],
    [
      maxCostUsd !== undefined && (costUsd ?? 0) > maxCostUsd,
      () => `costs about ${usd(costUsd ?? 0)}, allowed are ${usd(maxCostUsd ?? 0)}`,
    ],
    [
      maxLatencyMs !== undefined && (latencyP50Ms ?? 0) > maxLatencyMs,
      () => `takes ${latencyP50Ms} ms, allowed are ${maxLatencyMs} ms`,
    ],
  ];
  return checks.filter(([isWrong]) => isWrong).map(([, what]) => what());
};

/** Money below this makes no difference; it keeps free models from making all others worthless. */
const smallUsd = 1e-5;

/** How near each value is to the best; a model without a figure stands where the best one does, so that it is tried. */
const relative = (values: readonly (number | undefined)[], offset: number): readonly number[] => {
  const best = Math.min(...values.filter((value) => value !== undefined));
  return values.map((value) => (value === undefined ? 1 : (best + offset) / (value + offset)));
};

const scoresOf = (fitting: readonly ModelCandidate[], needs: ModelNeeds): readonly CandidateVerdict[] => {
  const { quality: quality_ = 1, speed: speed_ = 1, cost: cost_ = 1 } = needs.weights ?? {};
  const total = quality_ + speed_ + cost_;
  const speeds = relative(
    fitting.map(({ performance }) => performance.latencyP50Ms),
    1,
  );
  const costs = fitting.map((candidate) => estimatedCost(candidate, needs));
  // A price that nobody knows is no cheap one.
  const cheapness = relative(
    costs.map((cost) => cost ?? Math.max(0, ...costs.filter((value) => value !== undefined))),
    smallUsd,
  );
  return fitting.map(({ id, quality, performance }, index) => {
    const { calls, successRatio = 1 } = performance;
    const speed = speeds[index] ?? 1;
    const cost = cheapness[index] ?? 1;
    const reliability = (successRatio * calls + 1) / (calls + 1);
    const merit = total > 0 ? (quality_ * quality + speed_ * speed + cost_ * cost) / total : 1;
    return { id, fits: true, lacks: [], score: merit * reliability, parts: { quality, speed, cost, reliability } };
  });
};

const rounded = (value: number): string => String(Number(value.toFixed(3)));

const reasonOf = (candidates: readonly CandidateVerdict[]): string => {
  const [best] = candidates;
  const { score = 0, parts } = best ?? {};
  const shown = Object.entries(parts ?? {}).map(([name, value]) => `${name} ${rounded(value as number)}`);
  const others = candidates.slice(1);
  const fitting = others.filter(({ fits }) => fits).length;
  return `score ${rounded(score)} (${shown.join(', ')}); of ${others.length} others ${fitting} fit`;
};

const noneFits = (candidates: readonly CandidateVerdict[]): PipewrightError => {
  const issues = candidates.map(({ id, lacks }) => `${id}: ${lacks.join(', ')}`);
  const list = issues.length === 0 ? 'there are no models' : issues.map((issue) => `\n- ${issue}`).join('');
  return new PipewrightError('unsupported', `No model fits the needs: ${list}. Ask for less, or add a model.`, {
    details: { issues },
  });
};

/**
 * The model that fits the needs best: of those that lack nothing the one with the highest score, the first of equals. The score
 * is the weighted mean of quality, speed and cost (each relative to the best that fits), times reliability.
 * @throws {PipewrightError} `unsupported` when none fits; `details.issues` says what each lacks.
 */
export const chooseModel = (models: readonly ModelCandidate[], needs: ModelNeeds): ModelChoice => {
  const judged = models.map((candidate) => ({ candidate, lacks: lacksOf(candidate, needs) }));
  const fitting = judged.filter(({ lacks }) => lacks.length === 0).map(({ candidate }) => candidate);
  const left = judged.filter(({ lacks }) => lacks.length > 0);
  const candidates: readonly CandidateVerdict[] = [
    ...[...scoresOf(fitting, needs)].sort((a, b) => (b.score ?? 0) - (a.score ?? 0)),
    ...left.map(({ candidate: { id }, lacks }) => ({ id, fits: false, lacks })),
  ];
  const [best] = candidates;
  if (best === undefined || !best.fits) throw noneFits(candidates);
  return { id: best.id, reason: reasonOf(candidates), candidates };
};

/**
 * A choice in words, one line for each model.
 * @example describeChoice({ id: 'a', reason: 'score 1', candidates: [{ id: 'b', fits: false, lacks: ['deactivated'] }] }) // => 'a: score 1\n- b left out: deactivated'
 */
export const describeChoice = ({ id, reason, candidates }: ModelChoice): string =>
  [
    `${id}: ${reason}`,
    ...candidates
      .filter((candidate) => candidate.id !== id)
      .map(({ id: other, fits, score = 0, lacks }) =>
        fits ? `- ${other} fits, score ${rounded(score)}` : `- ${other} left out: ${lacks.join(', ')}`,
      ),
  ].join('\n');
