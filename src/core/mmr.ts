import { sliceTimer, yieldToEventLoop } from './clock.js';
import type { MmrOptions } from './document.js';
import { checkAtLeast, PipewrightError } from './errors.js';

/** The options with their defaults. */
export const resolveMmr = ({ lambda = 0.5, fetchK }: MmrOptions, k: number): Required<MmrOptions> => {
  if (!(lambda >= 0 && lambda <= 1)) {
    throw new PipewrightError('bad-option', `\`mmr.lambda\` must be from 0 to 1, got ${lambda}.`);
  }
  const resolved = { lambda, fetchK: Math.max(k, fetchK ?? 4 * k) };
  checkAtLeast('mmr.fetchK', fetchK ?? resolved.fetchK, 1);
  return resolved;
};

/** A hit or whatever else a search found, with its vector. */
export interface MmrCandidate<T> {
  readonly item: T;
  readonly score: number;
  readonly vector: Float32Array;
}

/**
 * Picks `k` candidates one by one, each time the one with the highest
 * `lambda × score − (1 − lambda) × similarity to the most similar one picked` (maximal marginal relevance, Carbonell and
 * Goldstein 1998), in the order picked.
 */
export const diversify = async <T>(
  candidates: readonly MmrCandidate<T>[],
  k: number,
  lambda: number,
  similarity: (a: Float32Array, b: Float32Array) => number,
): Promise<readonly T[]> => {
  const left = candidates.map((candidate) => ({ ...candidate, nearest: -Infinity }));
  const picked: T[] = [];
  const isTimeUp = sliceTimer();
  while (picked.length < k && left.length > 0) {
    let best = 0;
    let bestWorth = -Infinity;
    for (const [index, { score, nearest }] of left.entries()) {
      const worth = lambda * score - (picked.length === 0 ? 0 : (1 - lambda) * nearest);
      if (worth > bestWorth) {
        best = index;
        bestWorth = worth;
      }
    }
    const [choice] = left.splice(best, 1);
    if (choice === undefined) break;
    picked.push(choice.item);
    for (const other of left) other.nearest = Math.max(other.nearest, similarity(choice.vector, other.vector));
    if (isTimeUp()) await yieldToEventLoop();
  }
  return picked;
};
