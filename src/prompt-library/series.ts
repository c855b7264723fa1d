import { isRecord } from '../core/index.js';
import { isCount, isFigure } from './state.js';

/**
 * What is kept of a row of figures, in bounded room: B. P. Welford's running mean and sum of squares (1962), and the last few
 * figures for quantiles.
 */
export interface Series {
  readonly count: number;
  readonly mean: number;
  /** Sum of the squared differences from the mean. */
  readonly squares: number;
  readonly min: number;
  readonly max: number;
  /** The last figures, oldest first. */
  readonly recent: readonly number[];
}

/** How many figures quantiles are taken of. */
export const maxRecent = 100;

export const noSeries: Series = { count: 0, mean: 0, squares: 0, min: 0, max: 0, recent: [] };

/** The row with one more figure; `keeps` of the last are kept. */
export const plusFigure = (series: Series, figure: number, keeps: number = maxRecent): Series => {
  const count = series.count + 1;
  const mean = series.mean + (figure - series.mean) / count;
  return {
    count,
    mean,
    squares: series.squares + (figure - series.mean) * (figure - mean),
    min: series.count === 0 ? figure : Math.min(series.min, figure),
    max: series.count === 0 ? figure : Math.max(series.max, figure),
    recent: keeps === 0 ? [] : [...series.recent.slice(1 - keeps), figure],
  };
};

/** Variance of what the figures are a sample of. */
export const varianceOf = ({ count, squares }: Pick<Series, 'count' | 'squares'>): number =>
  count < 2 ? 0 : squares / (count - 1);

/** A row of figures, summed up. */
export interface SeriesSummary {
  readonly count: number;
  readonly mean: number;
  readonly standardDeviation: number;
  readonly min: number;
  readonly max: number;
  /** Median, and what 95 of 100 do not exceed, of the last 100 figures (nearest rank). */
  readonly p50: number;
  readonly p95: number;
}

const nearestRank = (sorted: readonly number[], ratio: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * ratio) - 1)] ?? 0;

/** Undefined for a row without figures. */
export const summaryOf = (series: Series): SeriesSummary | undefined => {
  const { count, mean, min, max, recent } = series;
  if (count === 0) return undefined;
  const sorted = recent.toSorted((a, b) => a - b);
  const standardDeviation = Math.sqrt(varianceOf(series));
  return { count, mean, standardDeviation, min, max, p50: nearestRank(sorted, 0.5), p95: nearestRank(sorted, 0.95) };
};

/** A row from stored data; undefined when it is none. */
export const readSeries = (data: unknown): Series | undefined => {
  if (!isRecord(data) || !isCount(data.count) || !Array.isArray(data.recent)) return undefined;
  const { count, mean, squares, min, max } = data;
  if (!isFigure(mean) || !isFigure(squares) || squares < 0 || !isFigure(min) || !isFigure(max)) return undefined;
  if (data.recent.length > maxRecent || !data.recent.every(isFigure)) return undefined;
  return { count, mean, squares, min, max, recent: data.recent };
};
