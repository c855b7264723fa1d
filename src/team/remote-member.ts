import type { Run } from '../core/index.js';
import type { Member } from '../bus/index.js';
import { approvalsKey, taintKey } from '../tool/index.js';
import { chainOf, entered } from './call-chain.js';
import type { MemberProfile, OnProgress, TeamMember } from './member.js';
import { type AssignPayload, replyIn, wire } from './wire.js';

/** Who waits for signs of life, by the id of the assignment. */
export type Listeners = Map<string, OnProgress>;

/**
 * A member on a bus, in this process or elsewhere. Its run, its approvals and its states are there: only plain data goes back and forth.
 * It rejects with what the bus says of a member that is gone or silent.
 */
export const remoteMember = (
  seat: Member,
  profile: MemberProfile,
  listeners: Listeners,
  workTimeoutMs: number,
): TeamMember => {
  const { name } = profile;
  let running = 0;
  return {
    profile,
    load: () => running,
    work: async (assignment, run: Run, onProgress) => {
      // Refused here and at once, before anybody waits.
      entered(run, name);
      const { id, approvals = [] } = assignment;
      const payload: AssignPayload = {
        assignment: { ...assignment, approvals: [...approvals, ...(run.get(approvalsKey) ?? [])] },
        chain: chainOf(run),
        taint: run.get(taintKey) ?? [],
      };
      running++;
      if (onProgress !== undefined) listeners.set(id, onProgress);
      try {
        const reply = await seat.request(name, { type: wire.assign, payload, timeoutMs: workTimeoutMs }, run);
        return replyIn(reply, name);
      } finally {
        running--;
        listeners.delete(id);
      }
    },
  };
};
