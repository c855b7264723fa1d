import { PipewrightError } from '../core/index.js';
import { maxRecent, noSeries, plusFigure, readSeries, type Series, type SeriesSummary, summaryOf } from './series.js';
import { isCount, type StateForm } from './state.js';

/** What came of one use of a prompt. */
export interface PromptOutcome {
  /** 1 is right, 0 is wrong. */
  readonly quality?: number;
  readonly durationMs?: number;
  /** Input and output together. */
  readonly tokens?: number;
  readonly costUsd?: number;
  /** @default false */
  readonly isFailure?: boolean;
}

/** What is known of the use of one version; a figure that was never told is left out. */
export interface PromptStats {
  readonly uses: number;
  readonly failures: number;
  readonly quality?: SeriesSummary;
  readonly durationMs?: SeriesSummary;
  readonly tokens?: SeriesSummary;
  readonly costUsd?: SeriesSummary;
}

const figures = ['quality', 'durationMs', 'tokens', 'costUsd'] as const;
type Figure = (typeof figures)[number];

export interface StatsState extends Readonly<Record<Figure, Series>> {
  readonly uses: number;
  readonly failures: number;
}

const nothing: StatsState = {
  uses: 0,
  failures: 0,
  quality: noSeries,
  durationMs: noSeries,
  tokens: noSeries,
  costUsd: noSeries,
};

export const statsForm: StateForm<StatsState> = {
  what: 'statistics of a prompt',
  read: ({ uses, failures, ...data }) => {
    const rows = figures.map((figure) => [figure, readSeries(data[figure])] as const);
    if (!isCount(uses) || !isCount(failures) || rows.some(([, row]) => row === undefined)) return undefined;
    return { uses, failures, ...(Object.fromEntries(rows) as Record<Figure, Series>) };
  },
  write: (state) => state,
};

/** @throws {PipewrightError} `bad-input` for a figure that is not finite, or is negative where it cannot be. */
export const checkOutcome = (outcome: PromptOutcome): void => {
  for (const figure of figures) {
    const value = outcome[figure];
    if (value === undefined || (Number.isFinite(value) && (figure === 'quality' || value >= 0))) continue;
    throw new PipewrightError('bad-input', `\`${figure}\` of an outcome must be a number, at least 0, got ${value}.`);
  }
};

export const plusOutcome = (known: StatsState | undefined, outcome: PromptOutcome): StatsState => {
  const before = known ?? nothing;
  const rows = figures.map((figure) => {
    const value = outcome[figure];
    return [figure, value === undefined ? before[figure] : plusFigure(before[figure], value, maxRecent)] as const;
  });
  return {
    // Something that is told later, such as what a user thought of the answer, is no further use.
    uses: before.uses + (outcome.durationMs === undefined ? 0 : 1),
    failures: before.failures + (outcome.isFailure === true ? 1 : 0),
    ...(Object.fromEntries(rows) as Record<Figure, Series>),
  };
};

export const statsOf = (state: StatsState = nothing): PromptStats => {
  const rows = figures.flatMap((figure) => {
    const summary = summaryOf(state[figure]);
    return summary === undefined ? [] : [[figure, summary] as const];
  });
  return { uses: state.uses, failures: state.failures, ...Object.fromEntries(rows) };
};
