/** How it is told which distances are large. */
export type BreakMethod = 'percentile' | 'standard-deviation' | 'gradient';

export const defaultThresholds: Readonly<Record<BreakMethod, number>> = {
  percentile: 90,
  'standard-deviation': 1,
  gradient: 90,
};

/** The limit above which a score is a break. */
export const breakThreshold = (scores: Float64Array, method: BreakMethod, threshold: number): number =>
  method === 'standard-deviation' ? meanAbove(scores, threshold) : percentile(scores, threshold);

const meanAbove = (values: Float64Array, deviations: number): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length);
  return mean + deviations * Math.sqrt(squares);
};

/** With the values between two ranks in proportion, as spreadsheets do. */
const percentile = (values: Float64Array, percent: number): number => {
  const sorted = values.slice().sort();
  const rank = (Math.min(percent, 100) / 100) * Math.max(0, sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? 0;
  const above = sorted[Math.ceil(rank)] ?? 0;
  return below + (above - below) * (rank - Math.floor(rank));
};

/** How far each value lies above the one before it; the first one, above the one behind it. */
export const steepness = (values: Float64Array): Float64Array =>
  values.map((value, at) => value - (values[at === 0 ? 1 : at - 1] ?? value));
