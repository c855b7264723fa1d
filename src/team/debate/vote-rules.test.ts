import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  borda,
  instantRunoff,
  majority,
  type RankedBallot,
  supermajority,
  unanimity,
  type VoteRule,
} from './vote-rules.js';

const ballots = (...rows: readonly (readonly [weight: number, ranking: string])[]): readonly RankedBallot[] =>
  rows.map(([weight, ranking], at) => ({ voter: String(at), weight, ranking: [...ranking] }));

const rules: readonly (readonly [string, VoteRule])[] = [
  ['majority', majority],
  ['supermajority', supermajority()],
  ['unanimity', unanimity],
  ['borda', borda],
  ['instantRunoff', instantRunoff],
];

/** The capital of Tennessee: Memphis, Nashville, Chattanooga, Knoxville; the shares of voters who live near each. */
const tennessee = ballots([42, 'MNCK'], [26, 'NCKM'], [15, 'CKNM'], [17, 'KCNM']);

describe('known elections', () => {
  it.each([
    ['majority', majority, undefined],
    ['borda', borda, 'N'],
    ['instantRunoff', instantRunoff, 'K'],
  ] as const)('the capital of Tennessee by %s', (_, rule, winner) => {
    expect(rule(tennessee).winner).toBe(winner);
  });

  it('counts the points of Borda, those of choices that a ballot leaves out shared', () => {
    expect(borda(tennessee).votes).toEqual([
      { choice: 'N', votes: 194 },
      { choice: 'C', votes: 173 },
      { choice: 'M', votes: 126 },
      { choice: 'K', votes: 107 },
    ]);
    expect(borda(ballots([1, 'a'], [1, 'bc'])).votes).toEqual(
      [
        { choice: 'a', votes: 2 },
        { choice: 'b', votes: 2.5 },
        { choice: 'c', votes: 1.5 },
      ].sort((x, y) => y.votes - x.votes),
    );
  });

  it('passes ballots on to their next choice, and lets those that name no other go', () => {
    expect(instantRunoff(ballots([4, 'a'], [3, 'bc'], [2, 'cb']))).toMatchObject({
      winner: 'b',
      votes: [
        { choice: 'b', votes: 5 },
        { choice: 'a', votes: 4 },
      ],
    });
    expect(instantRunoff(ballots([4, 'a'], [3, 'b'], [2, 'c'])).winner).toBe('a');
  });

  it('of equals in the run-off drops the one with fewer points, and where those are equal too finds a tie', () => {
    expect(instantRunoff(ballots([2, 'ab'], [1, 'bca'], [1, 'cba'])).winner).toBeUndefined();
    expect(instantRunoff(ballots([3, 'abc'], [2, 'bca'], [2, 'cba'])).winner).toBe('b');
    expect(instantRunoff(ballots([1, 'ab'], [1, 'ba']))).toMatchObject({ winner: undefined, tied: ['a', 'b'] });
  });

  it('needs more than half, exactly the share, or all', () => {
    expect(majority(ballots([1, 'a'], [1, 'b'])).winner).toBeUndefined();
    expect(majority(ballots([0.1, 'a'], [0.2, 'a'], [0.3, 'b'])).tied).toEqual(['a', 'b']);
    expect(supermajority()(ballots([2, 'a'], [1, 'b'])).winner).toBe('a');
    expect(supermajority(0.7)(ballots([2, 'a'], [1, 'b'])).winner).toBeUndefined();
    expect(unanimity(ballots([2, 'a'], [0, 'b'])).winner).toBe('a');
    expect(unanimity(ballots([2, 'a'], [0.001, 'b'])).winner).toBeUndefined();
  });

  it.each(rules)('%s finds no winner without a ballot', (_, rule) => {
    expect(rule([])).toMatchObject({ winner: undefined, votes: [], tied: [] });
    expect(rule(ballots([1, ''])).winner).toBeUndefined();
  });

  it.each([0.5, 1.01, Number.NaN])('refuses a supermajority of %d', (share) => {
    expect(() => supermajority(share)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

const choices = ['a', 'b', 'c', 'd'];
const anyBallots = fc.array(
  fc.record({
    voter: fc.string(),
    ranking: fc.shuffledSubarray(choices, { minLength: 0 }),
    weight: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 12 },
);
const settings = { numRuns: 150 };

describe.each(rules)('%s', (name, rule) => {
  it('depends on no order of the ballots, and on no name of a voter', () => {
    void fc.assert(
      fc.property(anyBallots, fc.infiniteStream(fc.nat()), (all, numbers) => {
        const shuffled = all
          .map((ballot) => ({ ballot: { ...ballot, voter: 'x' }, key: numbers.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ ballot }) => ballot);
        expect(rule(shuffled)).toEqual(rule(all));
      }),
      settings,
    );
  });

  it('depends on no name of a choice', () => {
    const renamed: Readonly<Record<string, string>> = { a: 'd', b: 'c', c: 'a', d: 'b' };
    void fc.assert(
      fc.property(anyBallots, (all) => {
        const other = all.map((ballot) => ({ ...ballot, ranking: ballot.ranking.map((each) => renamed[each] ?? '') }));
        const { winner, tied } = rule(all);
        expect(rule(other).winner).toBe(winner === undefined ? undefined : renamed[winner]);
        expect(rule(other).tied).toEqual(tied.map((each) => renamed[each]).sort());
      }),
      settings,
    );
  });

  it('gives what all rank first, and nothing that nobody names', () => {
    void fc.assert(
      fc.property(anyBallots, fc.constantFrom(...choices), (all, first) => {
        const agreed = all.map((ballot) => ({
          ...ballot,
          weight: ballot.weight + 1,
          ranking: [first, ...ballot.ranking.filter((each) => each !== first)],
        }));
        if (agreed.length > 0) expect(rule(agreed).winner).toBe(first);
        const { winner } = rule(all);
        if (winner !== undefined) expect(all.some(({ ranking }) => ranking.includes(winner))).toBe(true);
      }),
      settings,
    );
  });

  it('sees weights as so many equal ballots, and their unit as nothing', () => {
    void fc.assert(
      fc.property(anyBallots, fc.constantFrom(0.1, 3, 1 / 3), (all, unit) => {
        const single = all.flatMap((ballot) => Array.from({ length: ballot.weight }, () => ({ ...ballot, weight: 1 })));
        const named = new Set(single.flatMap(({ ranking }) => ranking));
        // A ballot of weight 0 may name a choice that nobody else names.
        const counted = all.filter(({ weight }) => weight > 0);
        expect(rule(single)).toEqual(rule(counted));
        const scaled = counted.map((ballot) => ({ ...ballot, weight: ballot.weight * unit }));
        expect(rule(scaled).winner).toBe(rule(counted).winner);
        expect(rule(counted).votes.every(({ choice }) => named.has(choice))).toBe(true);
      }),
      settings,
    );
  });

  it('never gives another winner than a choice with more than half of the first places', () => {
    if (name === 'borda') return;
    void fc.assert(
      fc.property(anyBallots, (all) => {
        const { winner } = majority(all);
        const other = rule(all).winner;
        if (winner !== undefined && other !== undefined) expect(other).toBe(winner);
        if (winner !== undefined && name === 'instantRunoff') expect(other).toBe(winner);
      }),
      settings,
    );
  });
});
