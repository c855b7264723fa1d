import type { Hit } from '../../core/index.js';
import { sameAnswer } from '../../reason/index.js';
import type { BriefSide, DebateBrief, DebateScore, Judgement } from './debate-judge.js';
import type { HeardStatement } from './debate-prompts.js';
import { answeredIn, type Seat } from './round.js';
import { markedClaims, type Statement } from './statement.js';

/** What a debate came to. Sides by their names. */
export interface DebateVerdict {
  /** `agreed`: the sides came to agree, and no judge was asked. `judged`: the judge decided. */
  readonly ended: 'agreed' | 'judged';
  /** Undefined: no side is better, the judge's choice hangs on the order of the sides, or all held the same from the start. */
  readonly winner: string | undefined;
  /** What the winner argued for, or what all agree on. */
  readonly position: string | undefined;
  /** Whether the judge chose the same with the sides in the reverse order. */
  readonly isSteady: boolean;
  /** The mean of both orders. */
  readonly scores: readonly DebateScore[];
  readonly reasons: readonly string[];
  /** Numbers of the passages that counted, in either order. */
  readonly evidence: readonly number[];
  /** Both of the judge's decisions: with the sides in their order, and in the reverse one. */
  readonly judgements: readonly Judgement[];
}

/** A statement with who made it, in which round. */
export interface DebateTurn extends Statement {
  readonly side: string;
  /** From 1. */
  readonly round: number;
}

export interface DebateAbsence {
  readonly side: string;
  readonly round: number;
  readonly reason: string;
}

/** What a debate tells beside what every agent tells. */
export interface DebateReport {
  /** Every statement, round by round. */
  readonly transcript: readonly DebateTurn[];
  readonly absences: readonly DebateAbsence[];
  /** The passages: `[1]` is the first. */
  readonly sources: readonly Hit[];
  readonly rounds: number;
}

export type Debaters = readonly { readonly name: string; readonly position?: string }[];

const roundsOf = (seats: readonly Seat<Statement>[]): number => Math.max(0, ...seats.map(({ turns }) => turns.length));

export const reportOf = (seats: readonly Seat<Statement>[], sources: readonly Hit[]): DebateReport => {
  const rounds = roundsOf(seats);
  const each = Array.from({ length: rounds }, (_, at) => seats.map(({ name, turns }) => ({ name, turn: turns[at] })));
  const transcript = each.flatMap((row, at) =>
    row.flatMap(({ name, turn }) =>
      turn?.status === 'answered' ? [{ ...turn.value, side: name, round: at + 1 }] : [],
    ),
  );
  const absences = each.flatMap((row, at) =>
    row.flatMap(({ name, turn }) =>
      turn?.status === 'absent' ? [{ side: name, round: at + 1, reason: turn.reason }] : [],
    ),
  );
  return { transcript, absences, sources, rounds };
};

/** What a side has not heard yet: what the others said since it spoke last. */
export const heardBy = (seats: readonly Seat<Statement>[], at: number): readonly HeardStatement[] => {
  const spoke = seats[at]?.turns.findLastIndex(({ status }) => status === 'answered') ?? -1;
  const { transcript } = reportOf(seats, []);
  return transcript
    .filter(({ side, round }) => side !== seats[at]?.name && round > spoke)
    .map(({ side, round, ...statement }) => ({ side, round, statement }));
};

/** What a side argues for: what it was given, else what it chose. */
export const positionOf = (sides: Debaters, seats: readonly Seat<Statement>[], at: number): string | undefined =>
  sides[at]?.position ??
  answeredIn(seats[at] as Seat<Statement>).find(({ position }) => position !== undefined)?.position;

const agreed = (winner: string | undefined, position: string | undefined): DebateVerdict => ({
  ended: 'agreed',
  winner,
  position,
  isSteady: true,
  scores: [],
  reasons: [winner === undefined ? 'All chose the same position.' : `The others concede to ${winner}.`],
  evidence: [],
  judgements: [],
});

/** The verdict where the sides agree: all others concede to one that does not, or all chose the same position. */
export const agreementOf = (sides: Debaters, seats: readonly Seat<Statement>[]): DebateVerdict | undefined => {
  const last = seats.map((seat) => answeredIn(seat).at(-1));
  const standing = sides.filter((_, at) => last[at]?.concededTo === undefined);
  const [only] = standing;
  if (
    standing.length === 1 &&
    only !== undefined &&
    last.every((each) => (each?.concededTo ?? only.name) === only.name)
  ) {
    return agreed(only.name, positionOf(sides, seats, sides.indexOf(only)));
  }
  const positions = sides.map((_, at) => positionOf(sides, seats, at));
  const [first] = positions;
  const isSame = first !== undefined && positions.every((each) => each !== undefined && sameAnswer(first, each));
  return isSame ? agreed(undefined, first) : undefined;
};

const labelOf = (at: number): string => String.fromCharCode('A'.charCodeAt(0) + at);

export interface BriefParts {
  readonly question: string;
  readonly criteria: readonly string[];
  readonly sides: Debaters;
  readonly seats: readonly Seat<Statement>[];
  readonly sources: readonly Hit[];
}

/** The order in which a judge is shown the sides, as their places. */
export const orderOf = (sides: Debaters, isReversed: boolean): readonly number[] => {
  const places = sides.map((_, at) => at);
  return isReversed ? places.reverse() : places;
};

/** What the judge is shown: labels in place of names. */
export const briefOf = (
  { question, criteria, sides, seats, sources }: BriefParts,
  order: readonly number[],
): DebateBrief => {
  const { transcript } = reportOf(seats, sources);
  const briefs = order.map(
    (at, place): BriefSide => ({
      label: labelOf(place),
      position: positionOf(sides, seats, at) ?? '',
      statements: transcript
        .filter(({ side }) => side === sides[at]?.name)
        .map((turn) => ({ round: turn.round, text: turn.text, claims: markedClaims(turn) })),
    }),
  );
  return { question, criteria, sides: briefs, sources };
};

/** The judgement with names in place of labels. */
export const named = (judgement: Judgement, sides: Debaters, order: readonly number[]): Judgement => {
  const names = new Map(order.map((at, place) => [labelOf(place), sides[at]?.name ?? '']));
  const nameOf = (label: string): string => names.get(label) ?? label;
  return {
    ...judgement,
    winner: judgement.winner === undefined ? undefined : nameOf(judgement.winner),
    scores: judgement.scores.map((score) => ({ ...score, side: nameOf(score.side) })),
  };
};

const meanScores = (judgements: readonly Judgement[]): readonly DebateScore[] => {
  const [first] = judgements;
  if (first === undefined) return [];
  return first.scores.map(({ side, criterion }) => {
    const all = judgements.flatMap(({ scores }) =>
      scores.filter((each) => each.side === side && each.criterion === criterion).map(({ score }) => score),
    );
    return { side, criterion, score: all.reduce((sum, score) => sum + score, 0) / all.length };
  });
};

/** A side wins that the judge prefers in both orders; a choice that changes with the order is none. */
export const verdictOf = (
  judgements: readonly Judgement[],
  sides: Debaters,
  seats: readonly Seat<Statement>[],
): DebateVerdict => {
  const [first] = judgements;
  const isSteady = judgements.every(({ winner }) => winner === first?.winner);
  const winner = isSteady ? first?.winner : undefined;
  const at = sides.findIndex(({ name }) => name === winner);
  return {
    ended: 'judged',
    winner,
    position: at < 0 ? undefined : positionOf(sides, seats, at),
    isSteady,
    scores: meanScores(judgements),
    reasons: [...new Set(judgements.flatMap(({ reasons }) => reasons))],
    evidence: [...new Set(judgements.flatMap(({ evidence }) => evidence))].sort((a, b) => a - b),
    judgements,
  };
};

/** The verdict in a few sentences. */
export const sentenceOf = ({ ended, winner, position, isSteady, reasons }: DebateVerdict): string => {
  const what = position === undefined ? '' : `: ${position}`;
  const whose = winner === undefined ? '' : `${winner} wins${what}.`;
  const open = isSteady
    ? 'No side is better.'
    : 'No side wins: the choice of the judge hangs on the order of the sides.';
  const head = whose !== '' ? whose : ended === 'agreed' ? `All agree${what}.` : open;
  return [head, ...reasons].join('\n');
};
