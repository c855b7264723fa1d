/** Grade of each judged document of one query. Grades above 0 are relevant; a missing document counts as 0. */
export type Judgements = ReadonlyMap<string, number>;

const gainOf = (judged: Judgements, id: string): number => Math.max(0, judged.get(id) ?? 0);

const relevantIn = (judged: Judgements): number => [...judged.values()].filter((grade) => grade > 0).length;

const discounted = (gains: readonly number[]): number =>
  gains.reduce((sum, gain, at) => sum + gain / Math.log2(at + 2), 0);

/** Normalised discounted cumulative gain with linear gain (Järvelin and Kekäläinen 2002, as trec_eval computes it). */
export const ndcg = (ranking: readonly string[], judged: Judgements, depth: number): number => {
  const ideal = [...judged.values()].filter((grade) => grade > 0).sort((a, b) => b - a);
  const best = discounted(ideal.slice(0, depth));
  return best === 0 ? 0 : discounted(ranking.slice(0, depth).map((id) => gainOf(judged, id))) / best;
};

/** Mean of the precision at each relevant document; those not found count as 0. */
export const averagePrecision = (ranking: readonly string[], judged: Judgements): number => {
  const relevant = relevantIn(judged);
  let found = 0;
  let sum = 0;
  ranking.forEach((id, at) => {
    if (gainOf(judged, id) > 0) sum += ++found / (at + 1);
  });
  return relevant === 0 ? 0 : sum / relevant;
};

/** 1 / rank of the first relevant document, or 0 when there is none down to `depth`. */
export const reciprocalRank = (ranking: readonly string[], judged: Judgements, depth: number): number => {
  const at = ranking.slice(0, depth).findIndex((id) => gainOf(judged, id) > 0);
  return at < 0 ? 0 : 1 / (at + 1);
};

/** The part of the relevant documents that is found down to `depth`. */
export const recall = (ranking: readonly string[], judged: Judgements, depth: number): number => {
  const relevant = relevantIn(judged);
  const found = ranking.slice(0, depth).filter((id) => gainOf(judged, id) > 0).length;
  return relevant === 0 ? 0 : found / relevant;
};

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The value below which the given part (0 to 1) of the values lies. */
export const quantile = (values: readonly number[], part: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
};
