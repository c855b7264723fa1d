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

export interface DiversifyOptions<T> {
  readonly k: number;
  readonly lambda: number;
  readonly similarity: (a: T, b: T) => number;
}

/**
 * Picks `k` candidates one by one, each time the one with the highest
 * `lambda × score − (1 − lambda) × similarity to the most similar one picked` (maximal marginal relevance, Carbonell and
 * Goldstein 1998), in the order picked.
 */
export const diversify = async <T extends { readonly score: number }>(
  candidates: readonly T[],
  { k, lambda, similarity }: DiversifyOptions<T>,
): Promise<readonly T[]> => {
  const left = candidates.map((candidate) => ({ candidate, nearest: -Infinity }));
  const picked: T[] = [];
  const isTimeUp = sliceTimer();
  const worth = (score: number, nearest: number): number =>
    lambda * score - (picked.length === 0 ? 0 : (1 - lambda) * nearest);
  while (picked.length < k && left.length > 0) {
    let best = 0;
    let bestWorth = -Infinity;
    for (const [index, { candidate, nearest }] of left.entries()) {
      const ownWorth = worth(candidate.score, nearest);
      if (ownWorth > bestWorth) {
        best = index;
        bestWorth = ownWorth;
      }
    }
    const [choice] = left.splice(best, 1);
    if (choice === undefined) break;
    picked.push(choice.candidate);
    for (const other of left) other.nearest = Math.max(other.nearest, similarity(choice.candidate, other.candidate));
    if (isTimeUp()) await yieldToEventLoop();
  }
  return picked;
};
