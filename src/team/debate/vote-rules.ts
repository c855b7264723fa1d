import { PipewrightError } from '../../core/index.js';

/** What one voter wants. */
export interface RankedBallot {
  readonly voter: string;
  /** Best first; one choice is enough. What it leaves out, it wants less than what it names. Empty: it abstains. */
  readonly ranking: readonly string[];
  /** What the ballot counts, from 0. */
  readonly weight: number;
}

/** A choice with what a rule counted for it: weight, or points. */
export interface ChoiceVotes {
  readonly choice: string;
  readonly votes: number;
}

/** What a rule makes of ballots. */
export interface VoteResult {
  /** Names the rule, for people. */
  readonly rule: string;
  /** Undefined where the rule finds none. */
  readonly winner: string | undefined;
  /** Every choice that the rule counted for, most first; equals by the alphabet. */
  readonly votes: readonly ChoiceVotes[];
  /** The choices that share the first place, where several do. */
  readonly tied: readonly string[];
}

/** Counts ballots. The outcome depends neither on their order nor on how the choices are called. */
export type VoteRule = (ballots: readonly RankedBallot[]) => VoteResult;

/** Sums of binary fractions differ by the order in which they are made; so many decimals are the same in every order. */
const rounded = (sum: number): number => Math.round(sum * 1e9) / 1e9;

const tallied = (points: ReadonlyMap<string, number>): readonly ChoiceVotes[] =>
  [...points]
    .map(([choice, sum]) => ({ choice, votes: rounded(sum) }))
    .sort((a, b) => b.votes - a.votes || (a.choice < b.choice ? -1 : 1));

const tiedAmong = (votes: readonly ChoiceVotes[]): readonly string[] => {
  const first = votes.filter((each) => each.votes === votes[0]?.votes).map(({ choice }) => choice);
  return first.length > 1 ? first : [];
};

const totalOf = (votes: readonly ChoiceVotes[]): number => rounded(votes.reduce((sum, each) => sum + each.votes, 0));

const choicesOf = (ballots: readonly RankedBallot[]): ReadonlySet<string> =>
  new Set(ballots.flatMap(({ ranking }) => ranking));

/** The weight of the ballots whose first choice among these it is. */
const firstChoices = (ballots: readonly RankedBallot[], among: ReadonlySet<string>): readonly ChoiceVotes[] => {
  const points = new Map([...among].map((choice) => [choice, 0]));
  for (const { ranking, weight } of ballots) {
    const first = ranking.find((choice) => among.has(choice));
    if (first !== undefined) points.set(first, (points.get(first) ?? 0) + weight);
  }
  return tallied(points);
};

/** The first choice with most weight, if its share of the weight that was cast is enough. */
const byShare = (rule: string, isEnough: (share: number) => boolean): VoteRule => {
  return (ballots) => {
    const votes = firstChoices(ballots, choicesOf(ballots)).filter((each) => each.votes > 0);
    const tied = tiedAmong(votes);
    const [first] = votes;
    const isWon = first !== undefined && tied.length === 0 && isEnough(rounded(first.votes / totalOf(votes)));
    return { rule, winner: isWon ? first.choice : undefined, votes, tied };
  };
};

/**
 * Wins what more than half of the weight that was cast has as its first choice.
 * @example majority([{ voter: 'Ann', ranking: ['tea'], weight: 2 }, { voter: 'Bob', ranking: ['milk'], weight: 1 }]).winner // => 'tea'
 */
export const majority: VoteRule = byShare('majority', (share) => share > 0.5);

/**
 * Wins what at least this share of the weight that was cast has as its first choice.
 * @throws {PipewrightError} `bad-option` for a share that is not above 0.5 and up to 1.
 * @example supermajority(0.75)([{ voter: 'Ann', ranking: ['tea'], weight: 2 }, { voter: 'Bob', ranking: ['milk'], weight: 1 }]).winner // => undefined
 */
export const supermajority = (share: number = 2 / 3): VoteRule => {
  if (!(share > 0.5 && share <= 1)) {
    throw new PipewrightError('bad-option', `\`share\` must be above 0.5 and at most 1, got ${share}.`);
  }
  return byShare(`supermajority of ${Number(share.toFixed(3))}`, (reached) => reached >= rounded(share));
};

/**
 * Wins what everybody who votes has as the first choice.
 * @example unanimity([{ voter: 'Ann', ranking: ['tea', 'milk'], weight: 2 }]).winner // => 'tea'
 */
export const unanimity: VoteRule = byShare('unanimity', (share) => share === 1);

/** Points of Borda among these choices: of n, the first of a ballot gets n - 1, the last 0; those left out share what is left. */
const bordaPoints = (ballots: readonly RankedBallot[], among: ReadonlySet<string>): readonly ChoiceVotes[] => {
  const points = new Map([...among].map((choice) => [choice, 0]));
  for (const { ranking, weight } of ballots) {
    const named = [...new Set(ranking)].filter((choice) => among.has(choice));
    if (named.length === 0) continue;
    const place = new Map(named.map((choice, at) => [choice, among.size - 1 - at]));
    const rest = (among.size - named.length - 1) / 2;
    for (const [choice, sum] of points) points.set(choice, sum + weight * (place.get(choice) ?? rest));
  }
  return tallied(points);
};

/**
 * Borda's count (1781): of n choices the first on a ballot gets n - 1 points, the next n - 2, …, the last none, times the weight;
 * those that a ballot leaves out share the points that are left. Most points win: what many can live with.
 * @example borda([{ voter: 'Ann', ranking: ['tea', 'milk'], weight: 1 }]).votes // => [{ choice: 'tea', votes: 1 }, { choice: 'milk', votes: 0 }]
 */
export const borda: VoteRule = (ballots) => {
  const votes = bordaPoints(ballots, choicesOf(ballots));
  const tied = tiedAmong(votes);
  return { rule: 'Borda count', winner: tied.length > 0 ? undefined : votes[0]?.choice, votes, tied };
};

/** What goes out next: least first choices, of those fewest points of Borda; all of those that are equal in both. */
const weakest = (votes: readonly ChoiceVotes[], ballots: readonly RankedBallot[]): readonly string[] => {
  const among = new Set(votes.map(({ choice }) => choice));
  const least = new Set(votes.filter((each) => each.votes === votes.at(-1)?.votes).map(({ choice }) => choice));
  const points = bordaPoints(ballots, among).filter(({ choice }) => least.has(choice));
  return points.filter((each) => each.votes === points.at(-1)?.votes).map(({ choice }) => choice);
};

/**
 * Instant run-off: while no choice has more than half of the first places, the one with fewest goes out and its ballots pass to
 * their next choice. Of equals the one with fewer points of Borda goes, and those that are equal in that too go together. `votes`
 * are those of the last round.
 * @example instantRunoff([{ voter: 'Ann', ranking: ['tea', 'milk'], weight: 1 }]).winner // => 'tea'
 */
export const instantRunoff: VoteRule = (ballots) => {
  const rule = 'instant run-off';
  const left = new Set(choicesOf(ballots));
  for (;;) {
    const votes = firstChoices(ballots, left);
    const [first] = votes;
    if (first === undefined) return { rule, winner: undefined, votes, tied: [] };
    if (rounded(first.votes / totalOf(votes)) > 0.5) return { rule, winner: first.choice, votes, tied: [] };
    const out = weakest(votes, ballots);
    if (out.length === left.size)
      return { rule, winner: undefined, votes, tied: out.length > 1 ? [...out].sort() : [] };
    for (const choice of out) left.delete(choice);
  }
};
