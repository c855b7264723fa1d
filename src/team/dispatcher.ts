import {
  type AnyStep,
  assistant,
  noUsage,
  PipewrightError,
  randomId,
  route,
  type Run,
  type RunKey,
  runKey,
  sleep,
  textOf,
} from '../core/index.js';
import { type Agent, type AgentContext, type AgentEnd, type AgentState, defineAgent } from '../agent/index.js';
import { attempt, type AttemptLimits } from './attempt.js';
import { fittingMembers, type Match, type MatchOptions, rankMembers } from './match.js';
import type { MemberReply, TeamMember } from './member.js';
import type { Attempt } from './team-report.js';

/** Who there is, and how they are chosen and waited for. */
export interface DispatchParts {
  readonly members: readonly TeamMember[];
  readonly matching: Omit<MatchOptions, 'history'>;
  readonly limits: Required<AttemptLimits>;
  /** Members that try one task at most, one after the other. */
  readonly maxAttempts: number;
}

/** Keeps what members did. */
export interface Records {
  readonly attempts: () => readonly Attempt[];
  readonly add: (attempt: Attempt) => Promise<void>;
}

export const recordsKey: RunKey<Records> = runKey('attempts');

/** How far a task is: plain data. */
interface Dispatch {
  readonly id: string;
  /** Tries so far, by whomever; the one under way is not counted. */
  readonly failed: number;
  /** How often nobody was left to ask. */
  readonly rounds: number;
  /** Those who failed or declined in this round. */
  readonly asked: readonly string[];
  readonly reasons: readonly string[];
  /** Who works on it, since when, and where it stands. */
  readonly member?: string;
  readonly state?: AgentState;
}

/** Reasons that are told on; more would help nobody. */
const maxReasons = 10;
const firstWaitMs = 100;
const longestWaitMs = 5_000;

const hasRoom = ({ member }: Match): boolean => member.load() < member.profile.maxConcurrent;

const gaveUp = (skill: string | undefined, reasons: readonly string[]): PipewrightError => {
  const what = skill === undefined ? 'the task' : `a task for \`${skill}\``;
  const why = reasons.length === 0 ? 'No member can do it.' : reasons.join(' ');
  return new PipewrightError('member-failed', `Nobody did ${what}. ${why}`);
};

const answerTextOf = (reply: MemberReply & { readonly status: 'done' }): string => {
  const text = reply.output === undefined ? reply.text : JSON.stringify(reply.output);
  return reply.note === undefined ? text : `${text}\n\n(${reply.note})`;
};

/** Who gets the task next: who suits best and has room; undefined when nobody is left. Waits while all of them are busy. */
const choose = async (
  { members, matching, limits }: DispatchParts,
  skill: string | undefined,
  task: string,
  asked: readonly string[],
  run: Run,
): Promise<Match | undefined> => {
  const needs = skill === undefined ? { task } : { task, skills: [skill] };
  const others = members.filter(({ profile }) => !asked.includes(profile.name));
  const able = await fittingMembers(needs, others, matching, run);
  if (able.length === 0) return undefined;
  let waitMs = firstWaitMs;
  for (let waitedMs = 0; waitedMs < limits.timeoutMs; waitedMs += waitMs) {
    const free = rankMembers(able, run.get(recordsKey)?.attempts() ?? []).find(hasRoom);
    if (free !== undefined) return free;
    await sleep(waitMs, run);
    waitMs = Math.min(waitMs * 2, longestWaitMs);
  }
  throw gaveUp(skill, [`All who can do it were busy for ${limits.timeoutMs} ms.`]);
};

/** What became of a try, in the records and for who tries next. */
const settled = (now: Dispatch, name: string, reply: MemberReply): Dispatch => {
  const { member: _, state: __, ...rest } = now;
  if (reply.status !== 'failed' && reply.status !== 'declined') return rest;
  const reasons = [...rest.reasons, `${name}: ${reply.reason}`].slice(-maxReasons);
  const failed = rest.failed + (reply.status === 'failed' ? 1 : 0);
  return { ...rest, failed, asked: [...rest.asked, name], reasons };
};

const record = async (run: Run, startedMs: number, member: string, task: string, reply: MemberReply): Promise<void> => {
  const { usage = noUsage, costUsd = 0 } = reply.status === 'declined' ? {} : reply;
  const reason = 'reason' in reply ? { reason: reply.reason } : {};
  const durationMs = run.clock.now() - startedMs;
  await run
    .get(recordsKey)
    ?.add({ member, task, outcome: reply.status, ...reason, startedMs, durationMs, usage, costUsd });
};

/** Who works on it: the one who does already, or who suits best. Undefined when nobody is left in this round. */
const assignee = async (
  parts: DispatchParts,
  skill: string | undefined,
  task: string,
  now: Dispatch,
  run: Run,
): Promise<TeamMember | undefined> => {
  const current = parts.members.find(({ profile }) => profile.name === now.member);
  if (current !== undefined) return current;
  const match = await choose(parts, skill, task, now.asked, run);
  if (match === undefined) return undefined;
  run.emit({ type: 'choice-made', chosen: match.member.profile.name, reason: match.reason });
  return match.member;
};

/** The state with what came of a try. */
const withReply = (state: AgentState, now: Dispatch, name: string, reply: MemberReply): AgentState => {
  if (reply.status === 'paused') return { ...state, work: { ...now, state: reply.state } };
  const work = settled(now, name, reply);
  if (reply.status !== 'done') return { ...state, work };
  const taint = [...new Set([...state.taint, ...reply.taint])];
  return { ...state, taint, messages: [...state.messages, assistant(answerTextOf(reply))], work };
};

/** Assigns the task to one after the other until it is done, somebody must decide, or nobody is left. */
const dispatch = async (
  parts: DispatchParts,
  skill: string | undefined,
  start: AgentState,
  { tell }: AgentContext,
  run: Run,
): Promise<AgentEnd> => {
  const { limits, maxAttempts } = parts;
  const task = textOf(start.messages[start.given - 1] ?? assistant(''));
  const begun: Dispatch = { id: randomId(run.random), failed: 0, rounds: 0, asked: [], reasons: [] };
  let state: AgentState = start.work === undefined ? { ...start, work: begun } : start;
  const workNow = (): Dispatch => state.work as Dispatch;
  const set = (next: AgentState): Promise<void> => {
    state = next;
    return tell(state);
  };
  while (state.messages.length === state.given) {
    run.throwIfAborted();
    const now = workNow();
    if (now.failed >= maxAttempts || now.rounds >= maxAttempts) throw gaveUp(skill, now.reasons);
    const member = await assignee(parts, skill, task, now, run);
    if (member === undefined) {
      if (now.asked.length === 0) throw gaveUp(skill, now.reasons);
      // Who was busy may have time now, and who failed may not fail again.
      await set({ ...state, work: { ...now, asked: [], rounds: now.rounds + 1 } });
      await sleep(firstWaitMs, run);
      continue;
    }
    const { name } = member.profile;
    if (now.member === undefined) await set({ ...state, work: { ...now, member: name } });
    const kept = now.state === undefined ? {} : { state: now.state };
    const id = `${now.id}:${now.rounds}:${name}`;
    const startedMs = run.clock.now();
    const reply = await attempt(member, { id, task, ...kept }, run, limits, async (sub) => {
      if (sub !== undefined) await set({ ...state, work: { ...workNow(), state: sub } });
    });
    await record(run, startedMs, name, now.id, reply);
    await set(withReply(state, workNow(), name, reply));
    if (reply.status === 'paused') return { state, stopReason: 'paused', waiting: reply.waiting };
  }
  return { state, stopReason: 'answered', waiting: [] };
};

/** An agent that does nothing itself: it has each task done by the member that suits best. */
export const dispatcher = (parts: DispatchParts, skill: string | undefined): Agent => {
  const { members, maxAttempts } = parts;
  const able = members.filter(({ profile }) => skill === undefined || profile.skills.includes(skill));
  const steps = able.flatMap(({ profile, step }) => (step === undefined ? [] : [[profile.name, step] as const]));
  // One of them does it: what they cost does not add up.
  const one = route((name: string) => name, Object.fromEntries(steps) as never);
  return defineAgent<string>(
    {
      kind: 'dispatcher',
      details: { members: able.length, maxAttempts },
      children: steps.length === 0 ? [] : [{ label: 'members', step: one as AnyStep, maxCalls: maxAttempts }],
      work: (start, context, run) => dispatch(parts, skill, start, context, run),
      read: async ({ state }) => ({ output: textOf(state.messages.at(-1) ?? assistant('')), more: {} }),
    },
    { name: skill ?? 'team' },
  );
};
