import type { Random } from '../core/index.js';
import type { Target } from './balance-options.js';

export interface Choice {
  readonly target: Target;
  readonly reason: string;
}

/** A target by weight alone. */
const draw = (targets: readonly Target[], random: Random): Target => {
  let left = random() * targets.reduce((sum, { weight }) => sum + weight, 0);
  for (const target of targets) {
    left -= target.weight;
    if (left < 0) return target;
  }
  return targets.at(-1) as Target;
};

/**
 * Draws two targets by weight and takes the one that failed less of late, or else has fewer calls under way for its weight
 * ("the power of two choices", M. Mitzenmacher, IEEE TPDS 12, 2001): nearly as even as a look at all, without the herd that runs
 * to the one that is empty.
 */
export const leastLoaded = (targets: readonly Target[], random: Random): Choice => {
  const first = draw(targets, random);
  const second = targets.length === 1 ? first : draw(targets, random);
  const isSecond =
    second.failuresInRow < first.failuresInRow ||
    (second.failuresInRow === first.failuresInRow && second.busy / second.weight < first.busy / first.weight);
  const target = isSecond ? second : first;
  return { target, reason: `least load of two: ${target.busy} under way` };
};

/** A number from 0 to 1, both excluded, that is the same for the same text: FNV-1a with the finish of MurmurHash3. */
const hashToUnit = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 4_294_967_296;
};

/**
 * The same target for the same key, by weighted rendezvous hashing (D. Thaler and C. Ravishankar, IEEE/ACM ToN 6, 1998; weights after
 * C. Schindelhauer and G. Schomaker, SPAA 2005): when a target goes, only its keys move, and they come back when it does.
 */
export const byKey = (targets: readonly Target[], key: string): Choice => {
  let best = targets[0] as Target;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const target of targets) {
    const score = -target.weight / Math.log(hashToUnit(`${target.name}\0${key}`));
    if (score > bestScore) {
      best = target;
      bestScore = score;
    }
  }
  return { target: best, reason: 'by key' };
};
