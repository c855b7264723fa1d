import { describe, expect, it } from 'vitest';
import { inspect, type Random, seededRandom, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { testRun } from '../testing/index.js';
import { type ArmOutcomes, type ExperimentPlan, reportOf } from './experiment-report.js';
import { abTest, describeExperiment, experiment, type ExperimentOptions, promptLibrary, sampleSize } from './index.js';

const sequential = { type: 'sequential', effect: 0.1 } as const;
const options = (more: Partial<ExperimentOptions> = {}): ExperimentOptions => ({
  store: memoryStore(),
  arms: { a: 1, b: 1 },
  outcome: 'binary',
  design: sequential,
  ...more,
});
const withCode = (code: string) => expect.objectContaining({ code });
const users = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `user ${index}`);

describe('the split of an experiment', () => {
  it('is the same for a key, in every process, whatever the order of the arms', () => {
    const one = experiment('tone', options({ arms: { a: 1, b: 1, c: 2 } }));
    const two = experiment('tone', options({ arms: { c: 2, b: 1, a: 1 }, control: 'a' }));
    for (const user of users(200)) expect(one.assign(user)).toBe(two.assign(user));
    expect(['ann', 'bob', 'cem', 'dora'].map(one.assign)).toEqual(['ann', 'bob', 'cem', 'dora'].map(two.assign));
  });

  it('follows the weights, and is independent of other experiments', () => {
    const test = experiment('tone', options({ arms: { a: 7, b: 2, c: 1 } }));
    const other = experiment('length', options());
    const all = users(20_000);
    const share = (arm: string) => all.filter((user) => test.assign(user) === arm).length / all.length;
    expect(share('a')).toBeCloseTo(0.7, 1);
    expect(share('b')).toBeCloseTo(0.2, 1);
    const inA = all.filter((user) => test.assign(user) === 'a');
    expect(inA.filter((user) => other.assign(user) === 'a').length / inA.length).toBeCloseTo(0.5, 1);
  });
});

type Counted = { -readonly [Name in keyof ArmOutcomes]: ArmOutcomes[Name] };
const nothing = (): Counted => ({ count: 0, mean: 0, squares: 0, late: 0 });

/** Welford's step in place: a million of them must be cheap here. */
const count = (state: readonly Counted[], arm: number, outcome: number): void => {
  const sums = state[arm] as Counted;
  sums.count++;
  const before = outcome - sums.mean;
  sums.mean += before / sums.count;
  sums.squares += before * (outcome - sums.mean);
};

/** Simulates experiments until each is over, looking at the report every few outcomes. */
const simulate = (
  {
    design,
    outcome,
    alpha = 0.05,
    arms = 2,
    better = 'higher',
  }: Pick<ExperimentPlan, 'design' | 'outcome'> & { alpha?: number; arms?: number; better?: 'higher' | 'lower' },
  {
    draw,
    experiments,
    outcomes,
    looks,
  }: { draw: (arm: number, random: Random) => number; experiments: number; outcomes: number; looks: number },
) => {
  const names = Array.from({ length: arms }, (_, arm) => [String.fromCharCode(97 + arm), 1] as const);
  const plan: ExperimentPlan = { name: 'x', arms: names, outcome, better, design, alpha };
  const random = seededRandom(11);
  const max = design.type === 'fixed' ? design.samplesPerArm : (design.maxSamplesPerArm ?? Infinity);
  const winners: Record<string, number> = {};
  let wrong = 0;
  let used = 0;
  for (let round = 0; round < experiments; round++) {
    const state = names.map(nothing);
    let isFlagged = false;
    for (let index = 0; index < outcomes; index++) {
      const arm = Math.floor(random() * arms);
      if ((state[arm]?.count ?? 0) < max) count(state, arm, draw(arm, random));
      if (index % looks !== looks - 1) continue;
      const report = reportOf(plan, state);
      isFlagged ||= report.arms.some(({ comparison }) => comparison !== undefined && comparison.verdict !== 'open');
      if (report.winner === undefined) continue;
      winners[report.winner] = (winners[report.winner] ?? 0) + 1;
      used += index + 1;
      break;
    }
    if (isFlagged) wrong++;
  }
  return { winners, flaggedRatio: wrong / experiments, meanOutcomes: used / experiments };
};

const coin =
  (...shares: readonly number[]) =>
  (arm: number, random: Random): number =>
    random() < (shares[arm] as number) ? 1 : 0;
const bell = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

// Of 2,000 experiments at a true rate of 5 %, 6.2 % would be two and a half standard errors above.
const experiments = 2_000;
const mostFalse = 0.062;

describe('experiments between equal arms', () => {
  it.each([
    ['a share of one half', 'binary', coin(0.5, 0.5)],
    ['a small share', 'binary', coin(0.05, 0.05)],
    ['figures with a long tail', 'continuous', (_: number, random: Random) => 0.1 * Math.exp(bell(random))],
  ] as const)('raise no more false alarms than they may, however often one looks: %s', (_, outcome, draw) => {
    const { flaggedRatio } = simulate({ design: sequential, outcome }, { draw, experiments, outcomes: 500, looks: 5 });
    expect(flaggedRatio).toBeLessThanOrEqual(0.05);
  });

  it('would raise many with the test for a fixed size in its place: the guard is needed', () => {
    let alarms = 0;
    const random = seededRandom(3);
    for (let round = 0; round < 300; round++) {
      const state = ['a', 'b'].map(nothing);
      for (let index = 0; index < 600; index++) {
        const arm = index % 2;
        count(state, arm, random() < 0.5 ? 1 : 0);
        if (index < 60 || index % 5 !== 0) continue;
        const size = Math.min(...state.map(({ count }) => count));
        const plan: ExperimentPlan = {
          name: 'x',
          arms: [
            ['a', 1],
            ['b', 1],
          ],
          outcome: 'binary',
          better: 'higher',
          design: { type: 'fixed', samplesPerArm: size },
          alpha: 0.05,
        };
        if (reportOf(plan, state).winner === undefined) continue;
        alarms++;
        break;
      }
    }
    expect(alarms / 300).toBeGreaterThan(0.12);
  });

  it('of fixed size keep to alpha too, for shares and for means', () => {
    const design = { type: 'fixed', samplesPerArm: 120 } as const;
    const looked = { experiments, outcomes: 320, looks: 40 };
    expect(simulate({ design, outcome: 'binary' }, { ...looked, draw: coin(0.3, 0.3) }).flaggedRatio).toBeLessThan(
      mostFalse,
    );
    expect(
      simulate({ design, outcome: 'continuous' }, { ...looked, draw: (_, random) => bell(random) }).flaggedRatio,
    ).toBeLessThan(mostFalse);
  });

  it('keep to alpha with five arms', () => {
    const draw = coin(0.3, 0.3, 0.3, 0.3, 0.3);
    const fixed = simulate(
      { design: { type: 'fixed', samplesPerArm: 100 }, outcome: 'binary', arms: 5 },
      { draw, experiments, outcomes: 800, looks: 200 },
    );
    expect(fixed.flaggedRatio).toBeLessThan(mostFalse);
    const looked = simulate(
      { design: sequential, outcome: 'binary', arms: 5 },
      { draw, experiments: 500, outcomes: 800, looks: 10 },
    );
    expect(looked.flaggedRatio).toBeLessThanOrEqual(0.05);
  });
});

describe('experiments between arms that differ', () => {
  it('of the planned size find the difference as often as planned', () => {
    const samplesPerArm = sampleSize({ baseline: 0.3, effect: 0.15 });
    const found = simulate(
      { design: { type: 'fixed', samplesPerArm }, outcome: 'binary' },
      { draw: coin(0.3, 0.45), experiments: 1_000, outcomes: 4 * samplesPerArm, looks: samplesPerArm },
    );
    expect((found.winners.b ?? 0) / 1_000).toBeGreaterThan(0.76);
    expect((found.winners.b ?? 0) / 1_000).toBeLessThan(0.86);
    expect(found.winners.a ?? 0).toBeLessThan(3);
  });

  it('are decided sooner the larger the difference is', () => {
    const run = (share: number) =>
      simulate(
        { design: sequential, outcome: 'binary' },
        { draw: coin(0.3, share), experiments: 200, outcomes: 2_000, looks: 10 },
      );
    const [clear, slight] = [run(0.6), run(0.45)];
    expect(clear.winners).toEqual({ b: 200 });
    expect(slight.winners.b).toBeGreaterThan(190);
    expect(clear.meanOutcomes).toBeLessThan(slight.meanOutcomes / 2);
  });

  it('hold the true difference in their interval at every look', () => {
    const random = seededRandom(2);
    const plan: ExperimentPlan = {
      name: 'x',
      arms: [
        ['a', 1],
        ['b', 1],
      ],
      outcome: 'continuous',
      better: 'lower',
      design: { type: 'sequential', effect: 0.3 },
      alpha: 0.05,
    };
    let missed = 0;
    for (let round = 0; round < 400; round++) {
      const state = ['a', 'b'].map(nothing);
      let isMissed = false;
      for (let index = 0; index < 400; index++) {
        const arm = index % 2;
        count(state, arm, bell(random) + 0.5 * arm);
        const { low = -1, high = 1 } = reportOf(plan, state).arms[1]?.comparison ?? {};
        isMissed ||= low > 0.5 || high < 0.5;
      }
      if (isMissed) missed++;
    }
    expect(missed / 400).toBeLessThanOrEqual(0.05);
  });

  it('take the best of several, where lower is better, or the control when all others are worse', () => {
    const draw = (means: readonly number[]) => (arm: number, random: Random) =>
      (means[arm] as number) + 0.2 * bell(random);
    const plan = { design: sequential, outcome: 'continuous', arms: 3, better: 'lower' } as const;
    const looked = { experiments: 20, outcomes: 1_500, looks: 1_500 };
    expect(simulate(plan, { ...looked, draw: draw([1, 0.8, 0.5]) }).winners).toEqual({ c: 20 });
    expect(simulate(plan, { ...looked, draw: draw([1, 1.5, 1.4]) }).winners).toEqual({ a: 20 });
    expect(simulate(plan, { ...looked, draw: draw([1, 1.5, 1]) }).winners).not.toHaveProperty('b');
  });
});

describe('experiment', () => {
  it('adds up outcomes of many at once, from two processes, and tells what they say', async () => {
    const store = memoryStore();
    const tests = [experiment('tone', options({ store })), experiment('tone', options({ store }))];
    const random = seededRandom(4);
    await Promise.all(
      users(1_000).map(async (user, index) => {
        const test = tests[index % 2] as (typeof tests)[0];
        await test.record(user, random() < (test.assign(user) === 'b' ? 0.6 : 0.3) ? 1 : 0);
      }),
    );
    const report = await (tests[0] as (typeof tests)[0]).report();
    expect(report).toMatchObject({ name: 'tone', state: 'decided', winner: 'b' });
    expect(report.arms.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
    const { comparison } = report.arms[1] ?? {};
    expect(comparison?.estimate).toBeCloseTo(0.3, 1);
    expect(comparison?.low).toBeGreaterThan(0);
    expect(describeExperiment(report)).toMatch(
      /\| b \| \d+ \| 0\.\d+ \| 0\.\d+ \(0\.\d+ to 0\.\d+\) \| \S+ \| better \|\n\n`b` wins/,
    );
  });

  it('of fixed size tells nothing before its end, and counts nothing after it', async () => {
    const test = experiment('size', options({ design: { type: 'fixed', samplesPerArm: 40 } }));
    const arms: Record<string, number> = { a: 0, b: 0 };
    for (const user of users(400)) {
      const arm = test.assign(user);
      arms[arm] = (arms[arm] ?? 0) + 1;
      // From the planned size on everything fails, which must not count any more.
      await test.record(user, (arms[arm] as number) <= 40 && arm === 'b' ? 1 : 0);
      const report = await test.report();
      if (Math.min(...Object.values(arms)) >= 40) continue;
      expect(report).toMatchObject({ state: 'running' });
      expect(report.arms.every(({ comparison }) => comparison === undefined)).toBe(true);
    }
    const report = await test.report();
    expect(report).toMatchObject({
      state: 'decided',
      winner: 'b',
      arms: [
        { count: 40, mean: 0 },
        { count: 40, mean: 1 },
      ],
    });
    expect(report.arms.map(({ late }) => late)).toEqual([(arms.a as number) - 40, (arms.b as number) - 40]);
  });

  it('is undecided when it ends without a difference', async () => {
    const test = experiment('same', options({ design: { ...sequential, maxSamplesPerArm: 30 } }));
    for (const user of users(200)) await test.record(user, 1);
    expect(await test.report()).toMatchObject({ state: 'undecided' });
    expect(describeExperiment(await test.report())).toContain('no arm is known to be better');
  });

  it('refuses another plan under its name, outcomes that are none, and plans that cannot be', async () => {
    const store = memoryStore();
    const test = experiment('x', options({ store }));
    await test.record('ann', 1);
    const other = experiment('x', options({ store, arms: { a: 1, b: 2 } }));
    await expect(other.record('ann', 1)).rejects.toEqual(withCode('bad-option'));
    await expect(other.report()).rejects.toEqual(withCode('bad-option'));
    for (const outcome of [0.5, Number.NaN, 2])
      await expect(test.record('ann', outcome)).rejects.toEqual(withCode('bad-input'));
    const wrong: readonly Partial<ExperimentOptions>[] = [
      { arms: { a: 1 } },
      { arms: { a: 1, b: 0 } },
      { control: 'z' },
      { alpha: 0 },
      { alpha: 1 },
      { design: { type: 'fixed', samplesPerArm: 1 } },
      { design: { type: 'fixed', samplesPerArm: 2.5 } },
      { design: { type: 'sequential', effect: 0 } },
      { design: { type: 'sequential', effect: 1 } },
      { design: { ...sequential, maxSamplesPerArm: 5 } },
    ];
    for (const more of wrong) expect(() => experiment('y', options(more))).toThrow(withCode('bad-option'));
  });

  it('says which record is damaged', async () => {
    const store = memoryStore();
    const test = experiment('x', options({ store }));
    await test.record('ann', 1);
    const key = `experiment/x/${test.assign('ann')}`;
    await store.write([{ type: 'put', key, value: new TextEncoder().encode('{"version":1,"count":-1}') }]);
    await expect(test.report()).rejects.toMatchObject({ code: 'store-damaged', details: { where: key } });
  });
});

describe('abTest', () => {
  it('sends each key to its arm, such as a version of a prompt, and records what came of it', async () => {
    const store = memoryStore();
    const library = promptLibrary({ store });
    await library.save('greet', 'Hello {name}');
    await library.save('greet', 'Hi {name}');
    const test = experiment('greet', options({ store }));
    const step = abTest(
      test,
      { a: library.prompt('greet', 1), b: library.prompt('greet', 2) },
      { key: ({ name }) => String(name), outcome: ({ output }) => (String(output).startsWith('Hi') ? 1 : 0) },
    );
    const { run, events } = testRun();
    for (const name of users(40))
      expect(await step({ name }, run)).toBe(`${test.assign(name) === 'a' ? 'Hello' : 'Hi'} ${name}`);
    expect((await test.report()).arms).toMatchObject([
      { arm: 'a', mean: 0 },
      { arm: 'b', mean: 1 },
    ]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'choice-made', chosen: 'b' }));
    expect(inspect(step).children.map(({ label }) => label)).toContain('b');
  });

  it('never fails a call because of a record, and wants a step for each arm', async () => {
    const broken: Store = { ...memoryStore(), get: () => Promise.reject(new Error('offline')) };
    const { run, events } = testRun();
    const test = experiment('x', options({ store: broken }));
    const step = abTest(test, { a: () => 1, b: () => 1 }, { key: String, outcome: ({ output }) => output });
    expect(await step('ann', run)).toBe(1);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('offline') }),
    );
    expect(() => abTest(test, { a: () => 1 }, { key: String })).toThrow(/Wrong: b/);
    expect(() => abTest(test, { a: () => 1, b: () => 1, c: () => 1 }, { key: String })).toThrow(/Wrong: c/);
  });
});

describe('sampleSize', () => {
  it('gives the figures of the textbooks', () => {
    expect(sampleSize({ baseline: 0.5, effect: 0.1 })).toBe(388);
    expect(sampleSize({ standardDeviation: 1, effect: 0.5 })).toBe(63);
    expect(sampleSize({ standardDeviation: 1, effect: 0.5, arms: 4 })).toBeGreaterThan(63);
  });

  it('refuses what is no share', () => {
    for (const wrong of [
      { effect: 0.1 },
      { effect: 0, baseline: 0.1 },
      { effect: 0.6, baseline: 0.5 },
      { effect: 1, standardDeviation: 0 },
      { effect: 1, baseline: 0.1, standardDeviation: 1 },
    ]) {
      expect(() => sampleSize(wrong)).toThrow(withCode('bad-option'));
    }
  });
});
