import { describe, expect, it } from 'vitest';
import { testRun } from '../testing/index.js';
import {
  branch,
  createRun,
  inspect,
  loop,
  map,
  named,
  parallel,
  pipe,
  type Run,
  route,
  type Step,
  sleep,
  tap,
} from './index.js';

const bug = new Error('bug');
const gone = new Error('gone');
const plusOne = (n: number): number => n + 1;
const double = async (n: number): Promise<number> => n * 2;
const fail = (): never => {
  throw bug;
};
const identity = <T>(value: T): T => value;

/** One of each combinator around the same step, called with 1. */
const around: readonly (readonly [
  string,
  (step: (n: number, run: Run) => number | Promise<number>) => Step<number, unknown>,
])[] = [
  ['pipe', (step) => pipe(plusOne, step, plusOne)],
  ['parallel', (step) => parallel({ a: step, b: plusOne })],
  ['map', (step) => pipe((n: number) => [n, n], map(step))],
  ['branch (when)', (step) => branch(async (n: number, run) => (await step(n, run)) > 0, plusOne)],
  ['branch (then)', (step) => branch(() => true, step)],
  ['branch (otherwise)', (step) => branch(() => false, plusOne, step)],
  ['route', (step) => route(() => 'a' as const, { a: step })],
  ['loop', (step) => loop(step, { until: () => true, maxRounds: 2 })],
  ['tap', (step) => tap(step)],
  ['named', (step) => named('x', step)],
];

describe.each(around)('%s', (_, wrap) => {
  it.each(['watched', 'unwatched'])('rejects with the failure itself, a synchronous one too (%s)', async (mode) => {
    const isWatched = mode === 'watched';
    await expect(wrap(fail)(1, testRun({ isWatched }).run)).rejects.toBe(bug);
    await expect(wrap(() => Promise.reject(bug))(1, testRun({ isWatched }).run)).rejects.toBe(bug);
  });

  it('gives the same result watched, unwatched and without a run', async () => {
    const results = [await wrap(double)(1), await wrap(double)(1, createRun()), await wrap(double)(1, testRun().run)];
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('starts nothing in an aborted run', async () => {
    const { run, abort } = testRun();
    abort(gone);
    let calls = 0;
    await expect(wrap(() => ++calls)(1, run)).rejects.toBe(gone);
    expect(calls).toBe(0);
  });

  it('rejects with the reason when the run is aborted while a step waits', async () => {
    const { run, clock, abort } = testRun();
    const outcome = wrap(async (n, inner) => sleep(1_000, inner).then(() => n))(1, run).catch(
      (error: unknown) => error,
    );
    await clock.advance(500);
    abort(gone);
    expect(await outcome).toBe(gone);
    expect(clock.pending).toBe(0);
  });

  it('rejects with the reason when a step ignores the abort or throws something else because of it', async () => {
    for (const end of [identity<number>, fail]) {
      const { run, abort } = testRun();
      const step = async (n: number): Promise<number> => {
        abort(gone);
        return end(n);
      };
      await expect(wrap(step)(1, run)).rejects.toBe(gone);
    }
  });
});

describe('pipe', () => {
  it('hands each result to the next step, up to ten', async () => {
    const ten = pipe(plusOne, double, plusOne, double, plusOne, double, plusOne, double, plusOne, double);
    expect(await ten(0)).toBe(62);
    expect(await pipe(ten, ten)(0)).toBe(62 * 32 + 62);
  });

  it('starts no further step after an abort between two', async () => {
    const { run, abort } = testRun();
    let calls = 0;
    const ask = pipe(
      (n: number) => {
        abort(gone);
        return n;
      },
      () => ++calls,
    );
    await expect(ask(1, run)).rejects.toBe(gone);
    expect(calls).toBe(0);
  });

  it('names paths from the outside in', async () => {
    const { run, events } = testRun();
    await named(
      'app',
      pipe(
        plusOne,
        pipe(double, (n) => n),
      ),
    )(1, run);
    expect(events.filter(({ type }) => type === 'step-start').map(({ span }) => span.path.join('/'))).toEqual([
      'plusOne',
      'pipe',
      'pipe/double',
      'pipe/function',
    ]);
  });

  it('reports failures in every span they pass', async () => {
    const { run, events } = testRun();
    await expect(pipe(pipe(fail))(null, run)).rejects.toBe(bug);
    expect(events.filter(({ type }) => type === 'step-error').map(({ span }) => span.path.join('/'))).toEqual([
      'pipe/fail',
      'pipe',
    ]);
  });
});

describe('parallel', () => {
  it('runs its branches at once and keeps the order of the keys', async () => {
    const { run, clock } = testRun();
    const wait = (ms: number) => async (n: number, inner: Run) => sleep(ms, inner).then(() => n + ms);
    const both = parallel({ slow: wait(20), fast: wait(10) })(1, run);
    await clock.advance(20);
    expect(Object.entries(await both)).toEqual([
      ['slow', 21],
      ['fast', 11],
    ]);
    expect(clock.now()).toBe(20);
  });

  it('aborts the others when one fails, with the failure as the reason', async () => {
    const { run, clock } = testRun();
    let reason: unknown;
    const waits = async (_: unknown, inner: Run): Promise<void> => {
      await sleep(1_000, inner).catch((error: unknown) => {
        reason = error;
      });
    };
    await expect(parallel({ waits, fail })(null, run)).rejects.toBe(bug);
    expect(reason).toBe(bug);
    expect(run.signal.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('resolves to an empty object without branches and treats `__proto__` as a plain key', async () => {
    expect(await parallel({})(1 as never)).toEqual({});
    const result = await parallel({ ['__proto__']: plusOne, constructor: double })(1);
    expect(Object.entries(result)).toEqual([
      ['__proto__', 2],
      ['constructor', 2],
    ]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });

  it('puts the key into the path', async () => {
    const { run, events } = testRun();
    await parallel({ a: plusOne, b: pipe(double) })(1, run);
    expect(new Set(events.map(({ span }) => span.path.join('/')))).toEqual(new Set(['a', 'b', 'b/double']));
  });
});

describe('map', () => {
  it('keeps the order of the items, whatever finishes first, and passes an empty list on', async () => {
    const { run, clock } = testRun();
    const result = map(async (ms: number, inner) => sleep(ms, inner).then(() => ms))([30, 10, 20], run);
    await clock.advance(30);
    expect(await result).toEqual([30, 10, 20]);
    expect(await map(plusOne)([])).toEqual([]);
  });

  it('has never more under way than told', async () => {
    let underWay = 0;
    let most = 0;
    const step = async (n: number): Promise<number> => {
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return n;
    };
    await map(step, { concurrency: 3 })(Array.from({ length: 50 }, (_, n) => n));
    expect(most).toBe(3);
  });

  it('starts no further item once one has failed', async () => {
    const started: number[] = [];
    const step = (n: number): number => {
      started.push(n);
      if (n === 1) throw bug;
      return n;
    };
    await expect(map(step, { concurrency: 3 })(Array.from({ length: 100 }, (_, n) => n))).rejects.toBe(bug);
    expect(started).toEqual([0, 1]);
  });

  it('gives the event loop its turns over a long list of quick items, and can be aborted there', async () => {
    const control = new AbortController();
    setTimeout(() => control.abort(gone), 20);
    const run = createRun({ signal: control.signal });
    const forever = new Array<number>(2_000_000).fill(0);
    await expect(map(identity)(forever, run)).rejects.toBe(gone);
  });

  it('names the items by their index', async () => {
    const { run, events } = testRun();
    await map(plusOne, { concurrency: 1 })([5, 6], run);
    expect(events.filter(({ type }) => type === 'step-start').map(({ span }) => span.name)).toEqual(['[0]', '[1]']);
  });

  it.each([0, Number.NaN, -1])('refuses a concurrency of %s', (concurrency) => {
    expect(() => map(plusOne, { concurrency })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('branch', () => {
  it('chooses by the input and passes it through without `otherwise`', async () => {
    const abs = branch(
      (n: number) => n < 0,
      (n) => -n,
    );
    expect([await abs(-3), await abs(3)]).toEqual([3, 3]);
    const words = branch(
      async (n: number) => n > 1,
      () => 'many',
      () => 'few',
    );
    expect([await words(2), await words(1)]).toEqual(['many', 'few']);
  });

  it('does not start the chosen step when the condition took until after an abort', async () => {
    const { run, abort } = testRun();
    let calls = 0;
    const when = (): boolean => {
      abort(gone);
      return true;
    };
    await expect(branch(when, () => ++calls)(undefined, run)).rejects.toBe(gone);
    expect(calls).toBe(0);
  });
});

describe('route', () => {
  const parity = route((n: number) => (n % 2 ? 'odd' : 'even'), { odd: plusOne, even: identity<number> });

  it('runs the route that was chosen', async () => {
    expect([await parity(3), await parity(4)]).toEqual([4, 4]);
  });

  it.each(['nowhere', '__proto__', 'constructor', 'toString'])('refuses `%s` and lists the routes', async (name) => {
    const lost = route((_: number) => name as 'a', { a: plusOne, b: plusOne });
    await expect(lost(1)).rejects.toMatchObject({
      code: 'bad-input',
      message: `There is no route \`${name}\`. The routes are: a, b.`,
    });
  });

  it('takes a route that is named like a property of every object', async () => {
    expect(await route((_: number) => 'constructor' as const, { constructor: plusOne })(1)).toBe(2);
  });
});

describe('loop', () => {
  it('ends when `until` holds, counting rounds, or when the rounds are used up', async () => {
    const rounds: number[] = [];
    const until = async (n: number, round: number): Promise<boolean> => rounds.push(round) > 0 && n > 50;
    expect(await loop(double, { until, maxRounds: 10 })(7)).toBe(56);
    expect(rounds).toEqual([1, 2, 3]);
    expect(await loop(plusOne, { until: () => false, maxRounds: 4 })(0)).toBe(4);
  });

  it('can be aborted though its step never waits', async () => {
    const control = new AbortController();
    setTimeout(() => control.abort(gone), 20);
    const endless = loop(plusOne, { until: () => false, maxRounds: Infinity });
    await expect(endless(0, createRun({ signal: control.signal }))).rejects.toBe(gone);
  });

  it('rejects with what `until` throws and refuses less than one round', async () => {
    await expect(loop(plusOne, { until: fail, maxRounds: 2 })(0)).rejects.toBe(bug);
    expect(() => loop(plusOne, { until: () => true, maxRounds: 0 })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });
});

describe('tap and named', () => {
  it('hand the value on', async () => {
    const seen: number[] = [];
    expect(
      await pipe(
        plusOne,
        tap((n) => seen.push(n)),
        double,
      )(1),
    ).toBe(4);
    expect(seen).toEqual([2]);
    expect(inspect(named('shout', plusOne))).toMatchObject({
      kind: 'named',
      name: 'shout',
      children: [{ name: 'plusOne' }],
    });
  });
});
