import { PipewrightError, type Run, type RunKey, runKey } from '../core/index.js';

/** Who waits for whom, from the outside in: it goes with the run, and with every request over a bus. */
export const chainKey: RunKey<readonly string[]> = runKey('call-chain');

/** Members may ask members that ask members, but not for ever. */
export const maxChainLength = 8;

export const chainOf = (run: Run): readonly string[] => run.get(chainKey) ?? [];

/**
 * The run in which a member works, with the member in the chain.
 * @throws {PipewrightError} `wait-cycle` when those who wait for it include itself, or when too many wait for each other.
 */
export const entered = (run: Run, name: string): Run => {
  const chain = chainOf(run);
  const at = chain.indexOf(name);
  if (at >= 0) {
    const cycle = [...chain.slice(at), name].join(' → ');
    const message = `\`${name}\` would wait for itself: ${cycle}. Ask somebody else, or answer without.`;
    throw new PipewrightError('wait-cycle', message, { details: { where: cycle } });
  }
  if (chain.length >= maxChainLength) {
    const where = [...chain, name].join(' → ');
    const message = `${chain.length} members wait for each other already: ${where}. Answer without asking on.`;
    throw new PipewrightError('wait-cycle', message, { details: { where } });
  }
  return run.with({ values: new Map([[chainKey, [...chain, name]]]) });
};
