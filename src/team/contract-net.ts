import { isPipewrightError, messageOf, noUsage, type Run, scrubText } from '../core/index.js';
import type { Assignment, MemberReply, TeamMember } from './member.js';
import type { Bid } from './wire.js';

/** What came of a call for help. */
export interface Awarded {
  /** Who did it; undefined where nobody did. */
  readonly member?: string;
  readonly reply: MemberReply;
  /** All bids that came in time, the best first. */
  readonly bids: readonly Bid[];
}

/** Bids that come in time; who says nothing, or nonsense, does not bid. */
export const collectBids = async (
  names: readonly string[],
  bidOf: (name: string) => Promise<Bid>,
  run: Run,
): Promise<readonly Bid[]> => {
  const settled = await Promise.allSettled(names.map(bidOf));
  run.throwIfAborted();
  const bids = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  // By name where bids are equal, whichever came first.
  return bids.sort((a, b) => b.score - a.score || (a.member < b.member ? -1 : 1));
};

/** Gives the task to the best bidder, and where that one fails after all, to the next. */
export const award = async (
  bids: readonly Bid[],
  memberOf: (name: string) => TeamMember | undefined,
  assignment: Assignment,
  run: Run,
): Promise<Awarded> => {
  const reasons = bids.filter(({ score }) => score <= 0).map(({ member, reason }) => `${member}: ${reason}`);
  for (const { member: name, score, reason } of bids) {
    const member = score > 0 ? memberOf(name) : undefined;
    if (member === undefined) continue;
    run.emit({ type: 'choice-made', chosen: name, reason });
    try {
      const reply = await member.work(assignment, run);
      if (reply.status === 'done' || reply.status === 'paused') return { member: name, reply, bids };
      reasons.push(`${name}: ${reply.reason}`);
    } catch (error) {
      run.throwIfAborted();
      if (isPipewrightError(error) && error.code === 'budget-exceeded') throw error;
      reasons.push(`${name}: ${scrubText(messageOf(error))}`);
    }
  }
  const reason = reasons.length === 0 ? 'Nobody answered.' : reasons.join(' ');
  return { reply: { status: 'failed', reason, usage: noUsage, costUsd: 0 }, bids };
};
