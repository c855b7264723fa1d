import { describe, expect, it } from 'vitest';
import {
  defineStep,
  explain,
  type Query,
  type Retriever,
  type Run,
  seededRandom,
  type Step,
  type Store,
} from '../core/index.js';
import { extractive } from '../provider/extractive/index.js';
import { memoryStore } from '../store/index.js';
import { scripted, testRun } from '../testing/index.js';
import { adaptive, type Answer, answer, modelQueryKind, type Question } from './index.js';
import { intervalOf, weigh } from './bandit.js';

const retriever: Retriever = defineStep({ kind: 'fixed' }, async (_: Query) => [
  { id: 'tea', score: 1, text: 'Tea is served at four.' },
]);
const base: Answer = {
  text: 'x',
  isAnswered: true,
  citations: [],
  uncited: [],
  sources: [],
  leftOut: [],
  query: 'q',
  trace: [{ action: 'answer', detail: 'x' }],
};
const says = (text: string): Step<Question, Answer> => defineStep({ kind: text }, async () => ({ ...base, text }));
const two = { plain: says('plain'), careful: says('careful') };
const fact = 'When is tea served?';
const comparison = 'Is tea cheaper than coffee?';
const chosenOf = ({ text }: Answer): string => text;
/** Answers to comparisons are only good when they are careful, others only when they are plain. */
const goodWhere = ({ question, answer: { text } }: { question: string; answer: Answer }): number =>
  (question === comparison) === (text === 'careful') ? 0.9 : 0.2;

describe('adaptive', () => {
  it.each(['thompson', 'ucb1'] as const)('learns by %s which strategy is best for which kind', async (policy) => {
    const ask = adaptive(two, { policy, score: goodWhere });
    const { run } = testRun();
    const chosen: Record<string, string[]> = { [fact]: [], [comparison]: [] };
    for (let round = 0; round < 120; round++) {
      for (const question of [fact, comparison]) chosen[question]?.push(chosenOf(await ask(question, run)));
    }
    const share = (question: string, name: string): number => {
      const late = chosen[question]?.slice(60) ?? [];
      return late.filter((each) => each === name).length / late.length;
    };
    expect(share(fact, 'plain')).toBeGreaterThan(0.75);
    expect(share(comparison, 'careful')).toBeGreaterThan(0.75);
    expect(new Set(chosen[fact])).toEqual(new Set(['plain', 'careful']));
  });

  it('explains its choice in an event and in the trace, and draws from the chance of the run', async () => {
    const choices = async (seed: number): Promise<string[]> => {
      const ask = adaptive(two);
      const { run } = testRun({ seed });
      const all: string[] = [];
      for (let round = 0; round < 12; round++) all.push(chosenOf(await ask(fact, run)));
      return all;
    };
    expect(await choices(1)).toEqual(await choices(1));
    expect(await choices(1)).not.toEqual(await choices(2));
    const { run, events } = testRun();
    const result = await adaptive(two)(fact, run);
    expect(result.trace.map(({ action }) => action)).toEqual(['choose', 'answer']);
    const event = events.find(({ type }) => type === 'choice-made');
    expect(event).toMatchObject({ chosen: result.text, reason: result.trace[0]?.detail });
    expect(result.trace[0]?.detail).toMatch(
      /^fact: (?:plain|careful), mean score none of 0 answers, thompson weight 0\.\d\d; next /u,
    );
  });

  it('takes feedback in place of its own score, the last one counting', async () => {
    const ask = adaptive({ only: says('only') }, { score: () => 0.9 });
    const result = await ask(fact);
    await ask.feedback(result, 0);
    await ask.feedback(result.id ?? '', 0.5);
    const [all, ofFacts] = await ask.insight();
    expect(all).toMatchObject({ strategy: 'only', answers: 1, meanScore: 0.5, calls: 1, failures: 0 });
    expect(ofFacts).toMatchObject({ kind: 'fact', answers: 1 });
  });

  it('waits for feedback where the score is left out, and refuses feedback that cannot count', async () => {
    const ask = adaptive({ only: says('only') }, { score: () => undefined });
    const result = await ask(fact);
    expect((await ask.insight())[0]).toMatchObject({ answers: 0, calls: 1, interval: [0, 1] });
    await ask.feedback(result, 1);
    expect((await ask.insight())[0]).toMatchObject({ answers: 1, meanScore: 1 });
    for (const score of [2, -1, Number.NaN]) {
      await expect(ask.feedback(result, score)).rejects.toMatchObject({ code: 'bad-input' });
    }
    await expect(ask.feedback('unknown', 1)).rejects.toMatchObject({ code: 'not-found' });
    await expect(ask.feedback(base, 1)).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('reports count, score with its interval, cost and time of each strategy', async () => {
    const priced = scripted(['Tea is served at four [1].'], {
      shouldRepeat: true,
      price: { input: 1_000_000, output: 0 },
    });
    const { run, clock } = testRun();
    const slow = defineStep({ kind: 'slow' }, async (question: Question, inner: Run = run) => {
      await clock.advance(40);
      return answer(retriever, priced)(question, inner);
    });
    const ask = adaptive({ slow });
    for (let round = 0; round < 3; round++) await ask(fact, run);
    const [row] = await ask.insight();
    expect(row).toMatchObject({ answers: 3, meanScore: 1, meanCostUsd: 1, meanMs: 40 });
    expect(row?.interval[0]).toBeGreaterThan(0.3);
    expect(row?.interval[1]).toBe(1);
  });

  it('keeps what it learnt in the store, for the next process and for others beside it', async () => {
    const store = memoryStore();
    const one = adaptive(two, { store, score: goodWhere });
    const other = adaptive(two, { store, score: goodWhere });
    await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : other)(fact)));
    const rows = await adaptive(two, { store }).insight();
    const all = rows.filter(({ kind }) => kind === undefined);
    expect(all.reduce((sum, { calls }) => sum + calls, 0)).toBe(20);
  });

  it('Q27 lets old scores fade, and takes kinds beyond a number together', async () => {
    let at = 0;
    const ask = adaptive(
      { only: says('only') },
      { maxWeight: 10, classify: () => `kind ${at++ % 60}`, score: () => 1 },
    );
    for (let round = 0; round < 100; round++) await ask(fact);
    const rows = await ask.insight();
    expect(rows.length).toBeLessThanOrEqual(34);
    expect(rows.find(({ kind }) => kind === 'other')?.answers).toBe(10);
  });

  it('Q24 takes kinds and names of strategies as plain data', async () => {
    const ask = adaptive({ constructor: says('a') }, { classify: () => '__proto__', score: () => 1 });
    await ask(fact);
    expect((await ask.insight()).map(({ strategy, kind }) => [strategy, kind])).toEqual([
      ['constructor', undefined],
      ['constructor', '__proto__'],
    ]);
  });

  it('loses no answer to a classifier, a score or a store that fails', async () => {
    const fail = () => {
      throw new Error('down');
    };
    const down = { ...memoryStore(), get: async () => fail(), write: async () => fail() } as Store;
    const { run, events } = testRun();
    const result = await adaptive(two, { classify: fail, score: fail, store: down })(fact, run);
    expect(result.text).not.toBe('');
    expect(events.filter(({ type }) => type === 'warning').length).toBeGreaterThanOrEqual(4);
    expect(result.trace[0]?.detail).toContain('fact:');
  });

  it('refuses stored data that is damaged or newer, and says which', async () => {
    const store = memoryStore();
    const cases: readonly (readonly [string, string])[] = [
      ['nonsense', 'store-damaged'],
      ['{"version":1,"arms":[{"kind":1}]}', 'store-damaged'],
      ['{"version":9}', 'store-newer'],
    ];
    for (const [stored, code] of cases) {
      await store.write([{ type: 'put', key: 'k', value: new TextEncoder().encode(stored) }]);
      await expect(adaptive(two, { store, key: 'k' }).insight()).rejects.toMatchObject({
        code,
        details: { where: 'k' },
      });
    }
  });

  it('counts a strategy that fails as a bad one, but not one that was aborted or has no budget left', async () => {
    const failing = defineStep({ kind: 'failing' }, async (): Promise<Answer> => {
      throw new Error('no');
    });
    const ask = adaptive(
      { failing, poor: answer(retriever, scripted(['x'], { shouldRepeat: true })) },
      { policy: 'ucb1' },
    );
    await expect(ask(fact)).rejects.toThrow('no');
    await expect(ask(fact, testRun({ budget: { maxCalls: 0 } }).run)).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
    const { run, abort } = testRun();
    const stops = adaptive({
      stops: defineStep({ kind: 'stops' }, async () => {
        abort('enough');
        return base;
      }),
    });
    await expect(stops(fact, run)).rejects.toBe('enough');
    expect(await stops.insight()).toMatchObject([{ calls: 0 }]);
    const rows = await ask.insight();
    expect(rows.map(({ strategy, failures, answers }) => [strategy, failures, answers])).toEqual([
      ['failing', 1, 1],
      ['failing', 1, 1],
      ['poor', 0, 0],
    ]);
  });

  it('Q02 rejects with the reason when aborted in the classifier and in the score', async () => {
    for (const phase of ['classify', 'score'] as const) {
      const { run, abort } = testRun();
      const stopIn = (name: string): string => {
        if (name === phase) abort('enough');
        return 'fact';
      };
      const ask = adaptive(two, { classify: () => stopIn('classify'), score: () => stopIn('score').length / 10 });
      await expect(ask(fact, run)).rejects.toBe('enough');
    }
  });

  it('tells the cost: the classifier and the dearest strategy', () => {
    const model = scripted([]);
    const ask = adaptive(
      { plain: answer(retriever, model), dear: answer(retriever, model, { combine: 'map-reduce', k: 4 }) },
      { classify: modelQueryKind(model) },
    );
    expect(explain(ask).maxModelCalls).toBe(6);
  });

  it('refuses bad options', () => {
    expect(() => adaptive({})).toThrow(/strategy/);
    expect(() => adaptive(two, { maxWeight: 0 })).toThrow(/maxWeight/);
    expect(() => adaptive(two, { policy: 'greedy' as 'ucb1' })).toThrow(/policy/);
    expect(explain(adaptive({ a: answer(retriever, extractive()) })).maxModelCalls).toBe(1);
  });
});

describe('the weighing of choices', () => {
  const nothing = { count: 0, sum: 0 };

  it('starts a kind that is new from what is known of all kinds', () => {
    const random = seededRandom(7);
    const good = { name: 'good', here: nothing, everywhere: { count: 200, sum: 180 } };
    const bad = { name: 'bad', here: nothing, everywhere: { count: 200, sum: 20 } };
    let wins = 0;
    for (let at = 0; at < 200; at++) if (weigh([bad, good], 'thompson', random)[0]?.choice.name === 'good') wins++;
    expect(wins).toBeGreaterThan(170);
  });

  it('draws around the mean, nearer the more is known', () => {
    const random = seededRandom(3);
    const drawn = (count: number): number[] =>
      Array.from({ length: 400 }, () => {
        const tally = { count, sum: count * 0.8 };
        return weigh([{ name: 'a', here: tally, everywhere: tally }], 'thompson', random)[0]?.weight ?? 0;
      });
    const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
    const many = drawn(400);
    expect(many.reduce((sum, value) => sum + value, 0) / many.length).toBeCloseTo(0.8, 2);
    expect(spread(many)).toBeLessThan(spread(drawn(4)) / 2);
    expect(many.every((value) => value > 0 && value < 1)).toBe(true);
  });

  it('gives intervals that hold the mean and narrow down', () => {
    const [low, high] = intervalOf({ count: 10, sum: 7 });
    expect(low).toBeCloseTo(0.397, 2);
    expect(high).toBeCloseTo(0.892, 2);
    expect(intervalOf({ count: 1_000, sum: 700 })[0]).toBeGreaterThan(0.67);
    expect(intervalOf(nothing)).toEqual([0, 1]);
  });
});
