import {
  type Agent,
  type AgentContext,
  type AgentEnd,
  type AgentSettings,
  type AgentState,
  defineAgent,
} from '../../agent/index.js';
import { type AnyStep, assistant, checkAtLeast, type Message, PipewrightError, type Run } from '../../core/index.js';
import { blindQuestion, negotiation } from './consensus-prompts.js';
import {
  type ConsensusReport,
  historyOf,
  isAgreed,
  type MemberPosition,
  type NegotiationEnd,
  positionsAt,
  reportOf,
  sentenceOf,
} from './consensus-report.js';
import {
  checkAnybody,
  maxRepairs,
  type Member,
  membersOf,
  playRound,
  type Round,
  type Seat,
  seatsOf,
  taintIn,
} from './round.js';
import { type Position, readPosition } from './position.js';
import { majority, type VoteRule } from './vote-rules.js';

export interface ConsensusMember {
  /** Any agent that answers in text; it is told the form. */
  readonly agent: Agent<unknown>;
  /** @default the agent's name */
  readonly name?: string;
  /** What its vote counts, from 0. @default 1 */
  readonly weight?: number;
}

export interface ConsensusOptions extends AgentSettings {
  /** What there is to choose from. @default whatever members name; what says the same in other words counts as one */
  readonly choices?: readonly string[];
  /** Finds the winner: `majority`, `supermajority()`, `unanimity`, `borda`, `instantRunoff` or your own. @default majority */
  readonly rule?: VoteRule;
  /** The blind round and those in which they hear each other's reasons. 1: a vote and nothing more. @default 3 */
  readonly maxRounds?: number;
  /** How many must have a position. @default more than half of the members */
  readonly quorum?: number;
  /** After this time a member is left out of a round. @default no limit */
  readonly memberTimeoutMs?: number;
  /** After this time nobody is waited for any more, and what there is counts. A state that is gone on from has it anew. @default no limit */
  readonly totalTimeoutMs?: number;
}

interface Settings {
  readonly members: readonly Member[];
  readonly weights: readonly number[];
  readonly choices: readonly string[];
  readonly rule: VoteRule;
  readonly maxRounds: number;
  readonly quorum: number;
  readonly memberTimeoutMs: number;
  readonly totalTimeoutMs: number;
}

/** What it keeps in its state. */
interface ConsensusWork {
  readonly seats: readonly Seat<Position>[];
  /** Why the negotiation is over, and how many messages there were then. */
  readonly ended?: NegotiationEnd;
  readonly messages?: number;
}

const settingsOf = (list: readonly ConsensusMember[], options: ConsensusOptions): Settings => {
  const members = membersOf('members', list);
  const { choices = [], rule = majority, maxRounds = 3, quorum = Math.floor(members.length / 2) + 1 } = options;
  const { memberTimeoutMs = Infinity, totalTimeoutMs = Infinity } = options;
  const weights = list.map(({ weight = 1 }) => weight);
  for (const [at, weight] of weights.entries()) {
    checkAtLeast(`members[${at}].weight`, weight, 0);
    if (weight === Infinity) throw new PipewrightError('bad-option', `\`members[${at}].weight\` must be finite.`);
  }
  checkAtLeast('maxRounds', maxRounds, 1);
  checkAtLeast('quorum', quorum, 1);
  checkAtLeast('memberTimeoutMs', memberTimeoutMs, 1);
  checkAtLeast('totalTimeoutMs', totalTimeoutMs, 1);
  if (quorum > members.length) {
    throw new PipewrightError('bad-option', `\`quorum\` is ${quorum}, more than the ${members.length} members.`);
  }
  if (options.choices !== undefined && new Set(choices).size < 2) {
    throw new PipewrightError('bad-option', '`choices` needs at least 2 that differ, or must be left out.');
  }
  return { members, weights, choices, rule, maxRounds, quorum, memberTimeoutMs, totalTimeoutMs };
};

/** The work of a state: that of a decision that was made is over once something further was asked. */
const workIn = ({ work, messages }: AgentState, members: readonly Member[]): ConsensusWork => {
  const kept = work as ConsensusWork | undefined;
  const isOver = kept?.messages !== undefined && messages.length > kept.messages;
  return isOver || kept === undefined
    ? { seats: seatsOf(undefined, members) }
    : { ...kept, seats: seatsOf(kept.seats, members) };
};

const roundOf = (
  settings: Settings,
  seats: readonly Seat<Position>[],
  before: readonly Message[],
  round: number,
): Omit<Round<Position>, 'timeoutMs'> => {
  const { members, choices, maxRounds } = settings;
  const known = positionsAt(historyOf(seats, settings), round - 1);
  return {
    members,
    round,
    // Who comes late decides alone first, too.
    ask: ({ name, state }) =>
      state === undefined
        ? [...before, blindQuestion(choices)]
        : [
            negotiation(
              known.filter(({ member }) => member !== name),
              round === maxRounds,
            ),
          ],
    read: (text) => readPosition(text, choices),
  };
};

const isSame = (a: MemberPosition | undefined, b: MemberPosition): boolean =>
  JSON.stringify(a?.ranking) === JSON.stringify(b.ranking);

/** Why the negotiation is over after so many rounds; undefined when it goes on. */
const endAfter = (seats: readonly Seat<Position>[], settings: Settings, rounds: number): NegotiationEnd | undefined => {
  const history = historyOf(seats, settings);
  const now = positionsAt(history, rounds);
  if (now.length >= settings.quorum && isAgreed(now)) return 'agreed';
  const before = new Map(positionsAt(history, rounds - 1).map((position) => [position.member, position]));
  if (now.every((position) => isSame(before.get(position.member), position))) return 'settled';
  return rounds >= settings.maxRounds ? 'max-rounds' : undefined;
};

const decide = async (settings: Settings, start: AgentState, context: AgentContext, run: Run): Promise<AgentEnd> => {
  const { memberTimeoutMs, totalTimeoutMs } = settings;
  const endMs = run.clock.now() + totalTimeoutMs;
  let work = workIn(start, settings.members);
  let state: AgentState = { ...start, work };
  const keep = (next: ConsensusWork, messages: readonly Message[] = state.messages): Promise<void> => {
    work = next;
    state = { ...state, messages, work, taint: [...new Set([...state.taint, ...taintIn(next.seats)])] };
    return context.tell(state);
  };
  const before = [...context.recalled, ...start.messages];
  while (work.ended === undefined) {
    const rounds = Math.min(...work.seats.map(({ turns }) => turns.length));
    const leftMs = endMs - run.clock.now();
    const ended =
      rounds === 0 ? undefined : (endAfter(work.seats, settings, rounds) ?? (leftMs < 1 ? 'deadline' : undefined));
    if (ended !== undefined) {
      const { decision, report } = reportOf(work.seats, settings, ended);
      const messages = [...state.messages, assistant(sentenceOf(decision, report))];
      await keep({ ...work, ended, messages: messages.length }, messages);
      break;
    }
    const round = {
      ...roundOf(settings, work.seats, before, rounds + 1),
      timeoutMs: Math.min(memberTimeoutMs, leftMs),
    };
    const { waiting } = await playRound(round, work.seats, (seats) => keep({ ...work, seats }), run);
    run.throwIfAborted();
    if (waiting.length > 0) return { state, stopReason: 'paused', waiting };
    checkAnybody(work.seats);
  }
  return { state, stopReason: 'answered', waiting: [] };
};

/**
 * Makes an agent that has several agents decide together. First each says alone what it wants and why; then, for as long as they
 * differ and somebody changes, each hears the reasons of the others, without names and numbers, and may change. The `rule` counts
 * the last positions, each with the weight of its member. Who does not answer in time, or not in the form, is left out and recorded.
 * `output` is what was decided; undefined where the rule finds no winner, or fewer than the `quorum` have a position.
 * It costs at most `maxRounds` tasks of every member, and one more each time that an answer is out of form. It rejects with
 * `member-failed` when nobody answers at all.
 * @throws {PipewrightError} `bad-option`.
 * @example const team = consensus([{ agent: ann }, { agent: bob, weight: 2 }], { rule: supermajority() })
 */
export const consensus = (
  members: readonly ConsensusMember[],
  options: ConsensusOptions = {},
): Agent<string, ConsensusReport> => {
  const settings = settingsOf(members, options);
  const { maxRounds, quorum } = settings;
  const children = settings.members.map(({ name, agent }) => ({
    label: name,
    step: agent as AnyStep,
    maxCalls: maxRounds + maxRepairs * maxRounds,
  }));
  return defineAgent<string, ConsensusReport>(
    {
      kind: 'consensus',
      details: { members: members.length, maxRounds, quorum },
      children,
      work: (start, context, run) => decide(settings, start, context, run),
      read: async ({ state }) => {
        const { seats, ended } = workIn(state, settings.members);
        const { decision, report } = reportOf(seats, settings, ended);
        return { output: decision, more: report };
      },
    },
    options,
  );
};
