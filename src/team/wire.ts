import { isRecord, PipewrightError } from '../core/index.js';
import { isText, textIn, textsIn } from '../ask/index.js';
import type { Assignment, MemberProfile, MemberReply } from './member.js';

/** What members of a team say to each other on a bus, by type. All of it is checked by who receives it. */
export const wire = {
  profile: 'team-profile',
  assign: 'team-assign',
  progress: 'team-progress',
  propose: 'team-propose',
  offer: 'team-offer',
  note: 'team-note',
} as const;

/** A task with who waits for it, and whose text went into it. */
export interface AssignPayload {
  readonly assignment: Assignment;
  readonly chain: readonly string[];
  readonly taint: readonly string[];
}

/** What a member says to a call for proposals. */
export interface Bid {
  readonly member: string;
  /** 0 to 1; 0 where it does not want the task. */
  readonly score: number;
  readonly reason: string;
}

const invalid = (what: string, from: string): PipewrightError =>
  new PipewrightError('output-invalid', `What \`${from}\` sent is no ${what}. It may run another release.`, {
    details: { where: from },
  });

const number = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export const profileIn = (value: unknown, from: string): MemberProfile => {
  const skills = textsIn(value, 'skills');
  if (!isRecord(value) || skills === undefined || !number(value.maxConcurrent)) throw invalid('profile', from);
  // The bus knows who it is; a profile cannot claim to be somebody else.
  return { name: from, description: textIn(value, 'description'), skills, maxConcurrent: value.maxConcurrent };
};

export const assignIn = (value: unknown, from: string): AssignPayload => {
  const assignment = isRecord(value) ? value.assignment : undefined;
  const chain = textsIn(value, 'chain');
  const taint = textsIn(value, 'taint');
  if (chain === undefined || taint === undefined || textIn(assignment, 'id') === '') throw invalid('task', from);
  return { assignment: assignment as Assignment, chain, taint };
};

export const bidIn = (value: unknown, from: string): Bid => {
  if (!isRecord(value) || !number(value.score)) throw invalid('bid', from);
  return { member: from, score: Math.min(1, Math.max(0, value.score)), reason: textIn(value, 'reason') };
};

const isSpent = ({ usage, costUsd }: Readonly<Record<string, unknown>>): boolean =>
  isRecord(usage) && number(usage.inputTokens) && number(usage.outputTokens) && number(costUsd);

/** The reply to an assignment, or an error: a member elsewhere may send anything. */
export const replyIn = (value: unknown, from: string): MemberReply => {
  if (!isRecord(value)) throw invalid('reply to a task', from);
  const { status, text, reason, waiting, state, taint } = value;
  const isReply =
    (status === 'declined' && isText(reason)) ||
    (status === 'failed' && isText(reason) && isSpent(value)) ||
    (status === 'done' && isText(text) && Array.isArray(taint) && taint.every(isText) && isSpent(value)) ||
    (status === 'paused' && Array.isArray(waiting) && isRecord(state) && isSpent(value));
  if (!isReply) throw invalid('reply to a task', from);
  return value as unknown as MemberReply;
};
