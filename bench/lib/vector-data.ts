import { type Random, seededRandom } from '../../src/core/index.js';

/** Unit vectors in clusters, as those of texts are, and questions from the same clusters that are not among them. */
export interface VectorData {
  readonly dimensions: number;
  readonly vectors: readonly Float32Array[];
  readonly queries: readonly Float32Array[];
  /** For each row a number from 0 to 999, so that `share < 10` matches one in a hundred. */
  readonly shares: readonly number[];
  /** For each of the first queries the `k` nearest rows whose share is below `permille`, by comparing with all. */
  readonly exact: (k: number, permille?: number) => readonly (readonly number[])[];
}

/** Queries whose answers are compared with the exact ones. */
export const checkedQueries = 200;
const clusters = 200;

const gauss = (random: Random): number => Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random());

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

export const vectorData = (count: number, dimensions: number, queryCount: number): VectorData => {
  const random = seededRandom(7);
  const centers = Array.from({ length: clusters }, () =>
    Float32Array.from({ length: dimensions }, () => gauss(random)),
  );
  const clustered = (): Float32Array => {
    const center = centers[Math.floor(random() * clusters)] as Float32Array;
    const vector = center.map((x) => x + 0.9 * gauss(random));
    const length = Math.sqrt(dot(vector, vector));
    return vector.map((x) => x / length);
  };
  const vectors = Array.from({ length: count }, clustered);
  const queries = Array.from({ length: queryCount }, clustered);
  const shares = vectors.map(() => Math.floor(random() * 1_000));
  return {
    dimensions,
    vectors,
    queries,
    shares,
    exact: (k, permille = 1_000) =>
      queries.slice(0, checkedQueries).map((query) =>
        vectors
          .flatMap((vector, row) => ((shares[row] ?? 0) < permille ? [{ row, score: dot(query, vector) }] : []))
          .sort((a, b) => b.score - a.score)
          .slice(0, k)
          .map(({ row }) => row),
      ),
  };
};

/** What a store of documents is given for a row. */
export const documentOf = (row: number, share: number): { id: string; text: string; metadata: { share: number } } => ({
  id: String(row),
  text: `Passage ${row}. `.repeat(30),
  metadata: { share },
});
