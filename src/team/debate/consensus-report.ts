import type { Seat } from './round.js';
import { type Position, unified } from './position.js';
import type { ChoiceVotes, RankedBallot, VoteResult, VoteRule } from './vote-rules.js';

/** A position with who held it, in which round. */
export interface MemberPosition extends Position {
  readonly member: string;
  readonly weight: number;
  /** From 1. */
  readonly round: number;
}

/** A member who did not answer in a round. What it said in an earlier one still counts. */
export interface Absence {
  readonly member: string;
  readonly round: number;
  readonly reason: string;
}

/**
 * How a decision was reached. `at-once`: all wanted the same before they heard each other. `negotiated`: all came to want the same.
 * `vote`: the rule found a winner over dissent. `undecided`: it found none. `no-quorum`: too few have a position.
 */
export type Reached = 'at-once' | 'negotiated' | 'vote' | 'undecided' | 'no-quorum';

/** Why nobody was asked any further. `agreed`: all want the same. `settled`: nobody changed in the last round. */
export type NegotiationEnd = 'agreed' | 'settled' | 'max-rounds' | 'deadline';

/** What a consensus tells beside what every agent tells. */
export interface ConsensusReport {
  readonly reached: Reached;
  /** Undefined while it is not over: it is paused, or its budget was spent. */
  readonly ended: NegotiationEnd | undefined;
  readonly rounds: number;
  /** Names the rule that counted. */
  readonly rule: string;
  readonly votes: readonly ChoiceVotes[];
  /** Where several share the first place: no winner. */
  readonly tied: readonly string[];
  /** The last position of everybody who has one. */
  readonly positions: readonly MemberPosition[];
  /** Who wants something else than what was decided, and why. */
  readonly dissent: readonly MemberPosition[];
  /** Every position of every round, in order. */
  readonly history: readonly MemberPosition[];
  readonly absences: readonly Absence[];
}

/** What positions are counted with. */
export interface Counting {
  readonly rule: VoteRule;
  readonly quorum: number;
  readonly weights: readonly number[];
  /** Empty where members name what they like. */
  readonly choices: readonly string[];
}

/** Every position so far, round by round. Where all may name what they like, in the words of the first who named it. */
export const historyOf = (
  seats: readonly Seat<Position>[],
  { weights, choices }: Pick<Counting, 'weights' | 'choices'>,
): readonly MemberPosition[] => {
  const rounds = Math.max(0, ...seats.map(({ turns }) => turns.length));
  const all = Array.from({ length: rounds }, (_, at) =>
    seats.flatMap(({ name, turns }, seat): readonly MemberPosition[] => {
      const turn = turns[at];
      if (turn?.status !== 'answered') return [];
      return [{ ...turn.value, member: name, weight: weights[seat] ?? 1, round: at + 1 }];
    }),
  );
  return choices.length === 0 ? unified(all.flat()) : all.flat();
};

/** The last position of each member up to a round, in the order of the members. */
export const positionsAt = (history: readonly MemberPosition[], round: number): readonly MemberPosition[] => {
  const last = new Map<string, MemberPosition>();
  for (const position of history) if (position.round <= round) last.set(position.member, position);
  return [...last.values()];
};

const absencesOf = (seats: readonly Seat<Position>[]): readonly Absence[] =>
  seats.flatMap(({ name, turns }) =>
    turns.flatMap((turn, at) =>
      turn.status === 'absent' ? [{ member: name, round: at + 1, reason: turn.reason }] : [],
    ),
  );

export const isAgreed = (positions: readonly Position[]): boolean =>
  positions.every(({ choice }) => choice === positions[0]?.choice);

const reachedBy = (
  positions: readonly MemberPosition[],
  { winner }: VoteResult,
  { quorum }: Counting,
  rounds: number,
): Reached => {
  if (positions.length < quorum) return 'no-quorum';
  if (winner === undefined) return 'undecided';
  if (!isAgreed(positions)) return 'vote';
  return rounds > 1 ? 'negotiated' : 'at-once';
};

/** The decision, undefined where there is none, and all about it. */
export const reportOf = (
  seats: readonly Seat<Position>[],
  counting: Counting,
  ended: NegotiationEnd | undefined,
): { readonly decision: string | undefined; readonly report: ConsensusReport } => {
  const history = historyOf(seats, counting);
  const rounds = Math.max(0, ...seats.map(({ turns }) => turns.length));
  const positions = positionsAt(history, rounds);
  const ballots = positions.map(({ member, ranking, weight }): RankedBallot => ({ voter: member, ranking, weight }));
  const result = counting.rule(ballots);
  const reached = ended === undefined ? 'undecided' : reachedBy(positions, result, counting, rounds);
  const decision = reached === 'no-quorum' || reached === 'undecided' ? undefined : result.winner;
  const dissent = decision === undefined ? [] : positions.filter(({ choice }) => choice !== decision);
  const { rule, votes, tied } = result;
  const absences = absencesOf(seats);
  const about = { reached, ended, rounds, rule, votes, tied };
  return { decision, report: { ...about, positions, dissent, history, absences } };
};

/** The decision in a sentence or two. */
export const sentenceOf = (decision: string | undefined, report: ConsensusReport): string => {
  const { reached, rounds, rule, positions, dissent, tied } = report;
  const after = rounds === 1 ? 'in a blind round' : `after ${rounds} rounds`;
  if (reached === 'no-quorum') return `No decision: only ${positions.length} took a position, fewer than the quorum.`;
  if (decision === undefined) {
    return `No decision ${after} by ${rule}${tied.length > 0 ? `: a tie of ${tied.join(', ')}` : ''}.`;
  }
  const against = dissent.map(({ member, choice }) => `${member} (${choice})`).join(', ');
  const how = dissent.length === 0 ? 'All want it' : `Decided by ${rule} over the dissent of ${against}`;
  return `${decision}\n${how}, ${after}.`;
};
