import { type RunKey, runKey } from '../core/index.js';
import type { ApprovalRequest } from '../tool/index.js';
import type { AgentState } from './types.js';

/**
 * What a tool that lets an agent work finds in its run (`run.get(delegationKey)`): the agent that called it keeps the states of
 * the one that works, and pauses with it.
 */
export interface Delegation {
  /** How far the work for this very call had come; undefined at its beginning. */
  readonly state: AgentState | undefined;
  /** Keeps a state of the one that works. */
  readonly onState: (state: AgentState) => Promise<void>;
  /** People must decide on these first: the call has no result yet, and is made again with the decisions. */
  readonly pause: (waiting: readonly ApprovalRequest[]) => void;
}

export const delegationKey: RunKey<Delegation> = runKey('delegation');

/** The work of an agent for one call of another. */
export interface DelegatedState {
  readonly callId: string;
  readonly state: AgentState;
}

export const delegatedFor = ({ delegated = [] }: AgentState, callId: string): AgentState | undefined =>
  delegated.find((each) => each.callId === callId)?.state;

/** The state with another in place of the one for the same call; without one where that is over. */
export const withDelegated = (state: AgentState, callId: string, sub: AgentState | undefined): AgentState => {
  const { delegated = [], ...rest } = state;
  const others = delegated.filter((each) => each.callId !== callId);
  const all = sub === undefined ? others : [...others, { callId, state: sub }];
  return all.length === 0 ? rest : { ...rest, delegated: all };
};
