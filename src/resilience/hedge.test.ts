import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createRun, defineStepWith, inspect, PipewrightError, type Run, sleep } from '../core/index.js';
import { scripted, type ScriptTurn, testRun } from '../testing/index.js';
import { circuit, circuitBreaker, forbidRetry, hedge, type HedgeOptions, retry } from './index.js';

const down = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });

/** Each call takes as long as told (then it answers with its number), or fails after so long. */
const paced = (...plan: readonly (number | { readonly failsAfterMs: number; readonly error?: unknown })[]) => {
  const state = { calls: 0, cancelled: [] as number[], ended: [] as number[] };
  const step = async (_: string, run: Run): Promise<number> => {
    const number = ++state.calls;
    const pace = plan[number - 1] ?? 0;
    try {
      await sleep(typeof pace === 'number' ? pace : pace.failsAfterMs, run);
    } catch (reason) {
      state.cancelled.push(number);
      throw reason;
    }
    state.ended.push(number);
    if (typeof pace !== 'number') throw pace.error ?? down;
    return number;
  };
  return { state, step };
};

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error) => (error instanceof PipewrightError ? error.code : error));
const nothingLeft = ({ run, clock }: { readonly run: Run; readonly clock: { readonly pending: number } }): void => {
  expect(clock.pending).toBe(0);
  expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
};

describe.each(['watched', 'unwatched'])('hedge (%s)', (mode) => {
  const test = (): ReturnType<typeof testRun> => testRun({ isWatched: mode === 'watched' });

  it('starts no further try while the first answers in time', async () => {
    const own = test();
    const { state, step } = paced(99);
    const result = hedge(step, { afterMs: 100 })('x', own.run);
    await own.clock.advance(99);
    expect([await result, state.calls]).toEqual([1, 1]);
    nothingLeft(own);
  });

  it('starts another after the delay, takes the first answer and cancels the other', async () => {
    const own = test();
    const { state, step } = paced(1_000, 200);
    const result = hedge(step, { afterMs: 100 })('x', own.run);
    await own.clock.advance(300);
    expect(await result).toBe(2);
    expect(state).toMatchObject({ calls: 2, cancelled: [1], ended: [2] });
    if (mode === 'watched') {
      expect(own.events.filter(({ type }) => type === 'hedge-start')).toMatchObject([{ attempt: 2, atMs: 100 }]);
    }
    nothingLeft(own);
  });

  it('takes the answer of the first try when that comes first after all', async () => {
    const own = test();
    const { state, step } = paced(150, 200);
    const result = hedge(step, { afterMs: 100 })('x', own.run);
    await own.clock.advance(150);
    expect(await result).toBe(1);
    expect(state.cancelled).toEqual([2]);
    nothingLeft(own);
  });

  it('starts as many as allowed, one after each delay', async () => {
    const own = test();
    const { state, step } = paced(1_000, 1_000, 1_000, 1_000);
    const result = hedge(step, { afterMs: 100, maxAttempts: 3 })('x', own.run);
    await own.clock.advance(199);
    expect(state.calls).toBe(2);
    await own.clock.advance(801);
    expect([await result, state.calls]).toEqual([1, 3]);
    nothingLeft(own);
  });

  it('rejects at once when the only try fails, and does not start another', async () => {
    const own = test();
    const { state, step } = paced({ failsAfterMs: 50 });
    const outcome = codeOf(hedge(step, { afterMs: 100 })('x', own.run));
    await own.clock.advance(50);
    expect(await outcome).toBe('model-overloaded');
    await own.clock.advance(1_000);
    expect(state.calls).toBe(1);
    nothingLeft(own);
  });

  it.each([
    ['the first fails', [{ failsAfterMs: 150 }, 200], 2],
    ['the second fails', [300, { failsAfterMs: 50 }], 1],
  ] as const)('waits for the other when %s', async (_, plan, answer) => {
    const own = test();
    const { step } = paced(...plan);
    const result = hedge(step, { afterMs: 100 })('x', own.run);
    await own.clock.advance(300);
    expect(await result).toBe(answer);
    nothingLeft(own);
  });

  it('rejects with the last failure when all fail', async () => {
    const own = test();
    const last = new PipewrightError('stream-cut', 'Cut.');
    const { step } = paced({ failsAfterMs: 150 }, { failsAfterMs: 100, error: last });
    const outcome = hedge(step, { afterMs: 100 })('x', own.run).catch((error: unknown) => error);
    await own.clock.advance(200);
    expect(await outcome).toBe(last);
    nothingLeft(own);
  });

  it('Q10 an abort ends all tries at once, a deaf one too', async () => {
    const own = test();
    const deaf = (): Promise<never> => new Promise(() => undefined);
    const { state, step } = paced(1_000, 1_000);
    const outcomes = [
      hedge(step, { afterMs: 100 })('x', own.run),
      hedge(deaf, { afterMs: 100 })(undefined as never, own.run),
    ];
    const settled = Promise.allSettled(outcomes);
    await own.clock.advance(150);
    own.abort('gone');
    expect((await settled).map((result) => result.status === 'rejected' && result.reason)).toEqual(['gone', 'gone']);
    expect(state.cancelled).toEqual([1, 2]);
    nothingLeft(own);
  });

  it('Q10 an abort before the delay is told at once by a step that hears it, and after the delay by one that does not', async () => {
    const own = test();
    const deaf = (): Promise<never> => new Promise(() => undefined);
    const hears = codeOf(hedge(paced(1_000).step, { afterMs: 100 })('x', own.run));
    const doesNot = codeOf(hedge(deaf, { afterMs: 100 })(undefined as never, own.run));
    await own.clock.advance(50);
    own.abort('gone');
    expect(await hears).toBe('gone');
    await own.clock.advance(50);
    expect(await doesNot).toBe('gone');
    nothingLeft(own);
  });

  it('waits a moment for cancelled tries to count what they took', async () => {
    const own = test();
    let calls = 0;
    const step = async (_: null, run: Run): Promise<void> => {
      const number = ++calls;
      const hold = run.meter.reserve({ label: 'm', tokens: 0, costUsd: 0 });
      try {
        if (number === 1) await sleep(1_000, run);
      } finally {
        for (let turn = 0; turn < 20; turn++) await undefined;
        hold.settle({ inputTokens: 1, outputTokens: 0 }, 0);
      }
    };
    const spent = hedge(step, { afterMs: 100 })(null, own.run).then(() => own.run.meter.spent.calls);
    await own.clock.advance(100);
    expect(await spent).toBe(2);
  });

  it('hands a synchronous failure on', async () => {
    const own = test();
    const throws = (): never => {
      throw down;
    };
    await expect(hedge(throws, { afterMs: 100 })(undefined as never, own.run)).rejects.toBe(down);
    nothingLeft(own);
  });

  it('learns the delay from the latest calls, and hedges none before it has seen 20', async () => {
    const own = test();
    let paceMs = 0;
    let calls = 0;
    const step = async (_: string, run: Run): Promise<void> => {
      calls += 1;
      await sleep(paceMs, run);
    };
    const hedged = hedge(step, { percentile: 0.9, maxExtraRatio: 1 });
    const call = async (ms: number): Promise<number> => {
      paceMs = ms;
      calls = 0;
      const result = hedged('x', own.run);
      await own.clock.advance(ms);
      await result;
      return calls;
    };
    for (let i = 1; i <= 20; i++) expect(await call(i * 10)).toBe(1);
    expect(await call(180)).toBe(1);
    expect(await call(181)).toBe(2);
    // Half of the calls become slow: after a while that is no reason for a further try any more.
    for (let i = 0; i < 200; i++) await call(i % 2 === 0 ? 10 : 1_000);
    expect(await call(999)).toBe(1);
    nothingLeft(own);
  });

  it('starts only a share of further tries in the long run', async () => {
    const own = test();
    const { state, step } = paced(...Array(1_000).fill(150));
    const hedged = hedge(step, { afterMs: 100, maxExtraRatio: 0.25 });
    for (let i = 0; i < 40; i++) {
      const result = hedged('x', own.run);
      await own.clock.advance(150);
      await result;
    }
    // Ten at once, and a quarter of 40; the credit was full when it began.
    expect(state.calls - 40).toBeGreaterThanOrEqual(19);
    expect(state.calls - 40).toBeLessThanOrEqual(20);
  });

  it('Q17 takes further tries out of the budget of retries around it', async () => {
    const own = test();
    const { state, step } = paced(...Array(20).fill({ failsAfterMs: 150 }));
    const outcome = codeOf(
      retry(hedge(step, { afterMs: 100, maxAttempts: 3 }), { maxAttempts: 3, initialDelayMs: 0 })('x', own.run),
    );
    await own.clock.advance(5_000);
    expect(await outcome).toBe('model-overloaded');
    expect(state.calls).toBe(3);
    nothingLeft(own);
  });

  it('Q17 brings the budget for retries inside when it is the outermost', async () => {
    const own = test();
    const { state, step } = paced(...Array(20).fill({ failsAfterMs: 60 }));
    const inside = retry(retry(step, { maxAttempts: 5, initialDelayMs: 0 }), { maxAttempts: 5, initialDelayMs: 0 });
    const outcome = codeOf(hedge(inside, { afterMs: 100, maxAttempts: 3 })('x', own.run));
    await own.clock.advance(5_000);
    expect(await outcome).toBe('model-overloaded');
    expect(state.calls).toBe(3);
    nothingLeft(own);
  });

  it('starts none after a deed that must not be done twice', async () => {
    const own = test();
    let deeds = 0;
    const step = async (_: null, run: Run): Promise<void> => {
      forbidRetry(run);
      deeds += 1;
      await sleep(1_000, run);
    };
    const result = hedge(step, { afterMs: 100 })(null, own.run);
    await own.clock.advance(1_000);
    await result;
    expect(deeds).toBe(1);
    nothingLeft(own);
  });

  it('cancels the other try before the deed, so that only one does it, and does not replace it when it fails', async () => {
    const own = test();
    let deeds = 0;
    let calls = 0;
    const step = async (_: null, run: Run): Promise<void> => {
      const number = ++calls;
      // Deaf on the way: it comes to the deed though it was cancelled.
      await new Promise<void>((resolve) => own.clock.after(number === 1 ? 300 : 150, resolve));
      forbidRetry(run);
      deeds += 1;
      await sleep(number === 2 ? 500 : 0, run);
      throw down;
    };
    const outcome = codeOf(retry(hedge(step, { afterMs: 100 }), { initialDelayMs: 0 })(null, own.run));
    await own.clock.advance(2_000);
    expect(await outcome).toBe('model-overloaded');
    expect([calls, deeds]).toEqual([2, 1]);
    nothingLeft(own);
  });

  it('does not let a circuit inside take a cancelled try for a failure', async () => {
    const own = test();
    const shared = circuit({ maxFailures: 1 });
    const { step } = paced(1_000, 100);
    const result = hedge(circuitBreaker(step, shared), { afterMs: 100 })('x', own.run);
    await own.clock.advance(200);
    await result;
    expect(shared.state).toBe('closed');
  });

  it('Q19 counts what the cancelled try took', async () => {
    const own = test();
    const model = scripted([[{ type: 'text-delta', text: 'Half' }, { type: 'stall' }], 'whole answer']);
    const unheard = createRun({ clock: own.clock, signal: own.run.signal });
    const result = hedge(model, { afterMs: 100 })('Why is the sky blue?', mode === 'watched' ? own.run : unheard);
    await own.clock.advance(100);
    if (mode === 'watched') {
      // Its text was shown, so it is the one that counts.
      own.abort('gone');
      await expect(result).rejects.toBe('gone');
      expect(own.run.meter.spent).toMatchObject({ calls: 1 });
      return;
    }
    expect((await result).text).toBe('whole answer');
    expect(unheard.meter.spent.calls).toBe(2);
    expect(unheard.meter.spent.usage.isEstimated).toBe(true);
    expect(unheard.meter.spent.usage.inputTokens).toBeGreaterThan(2);
  });
});

describe('hedge with somebody listening', () => {
  /** Shows each piece at its time. */
  const plays = (...turns: readonly (readonly (readonly [waitMs: number, text: string])[])[]) =>
    scripted(
      turns.map(
        (pieces): ScriptTurn => [
          ...pieces.flatMap(([ms, text]) => [{ type: 'wait', ms } as const, { type: 'text-delta', text } as const]),
          { type: 'usage', usage: { inputTokens: 7, outputTokens: pieces.length } },
          { type: 'finish', reason: 'stop' },
        ],
      ),
    );
  const textOf = (events: ReturnType<typeof testRun>['events']): string =>
    events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join('');

  it('starts no further try once text shows, however long the rest takes', async () => {
    const { run, clock, events } = testRun();
    const model = plays([
      [90, 'One '],
      [5_000, 'two'],
    ]);
    const result = hedge(model, { afterMs: 100 })('?', run);
    await clock.advance(6_000);
    expect((await result).text).toBe('One two');
    expect(model.requests).toHaveLength(1);
    expect(textOf(events)).toBe('One two');
    expect(clock.pending).toBe(0);
  });

  it.each([
    [
      'the second',
      [
        [[500, 'slow']],
        [
          [50, 'Quick '],
          [900, 'one'],
        ],
      ],
      'Quick one',
      2,
    ],
    [
      'the first',
      [
        [
          [120, 'First '],
          [900, 'one'],
        ],
        [[50, 'second']],
      ],
      'First one',
      1,
    ],
  ] as const)('shows exactly the text of the try that shows some first: %s', async (_, turns, text, winner) => {
    const { run, clock, events } = testRun();
    const result = hedge(plays(...turns), { afterMs: 100 })('?', run);
    await clock.advance(3_000);
    expect((await result).text).toBe(text);
    expect(textOf(events)).toBe(text);
    expect(events.some(({ type }) => type === 'retract')).toBe(false);
    const shown = events.filter(({ type }) => type === 'text-delta').map(({ span }) => span.path[0]);
    expect(new Set(shown)).toEqual(new Set([`attempt ${winner}`]));
    // The usage of both is told and counted; that of the loser is an estimate.
    expect(events.filter(({ type }) => type === 'usage')).toHaveLength(2);
    expect(run.meter.spent).toMatchObject({ calls: 2, usage: { isEstimated: true } });
    expect(clock.pending).toBe(0);
  });

  it('never shows what a deaf loser says', async () => {
    const { run, clock, events } = testRun();
    let calls = 0;
    const step = async (_: null, inner: Run): Promise<string> => {
      const number = ++calls;
      if (number === 1) {
        await new Promise<void>((resolve) => inner.clock.after(300, resolve));
        inner.emit({ type: 'text-delta', text: 'late' });
        inner.emit({ type: 'tool-call', id: '1', name: 'f', input: {} });
        return 'late';
      }
      inner.emit({ type: 'text-delta', text: 'good' });
      await sleep(400, inner);
      return 'good';
    };
    const result = hedge(step, { afterMs: 100 })(null, run);
    await clock.advance(1_000);
    expect(await result).toBe('good');
    expect(textOf(events)).toBe('good');
    expect(events.some(({ type }) => type === 'tool-call')).toBe(false);
  });

  it('fails when the shown try fails, and a retry around it withdraws that text', async () => {
    const { run, clock, events } = testRun();
    const model = scripted([
      [
        { type: 'wait', ms: 500 },
        { type: 'text-delta', text: 'never' },
      ],
      [
        { type: 'text-delta', text: 'Half' },
        { type: 'throw', error: down },
      ],
      'Whole.',
    ]);
    const result = retry(hedge(model, { afterMs: 100 }), { maxAttempts: 4, initialDelayMs: 0 })('?', run);
    await clock.advance(1_000);
    expect((await result).text).toBe('Whole.');
    expect(textOf(events)).toBe('HalfWhole.');
    expect(events.filter(({ type }) => type === 'retract').map(({ span }) => span.path.join('/'))).toEqual([
      'attempt 1',
    ]);
  });

  it('keeps the properties of the step and shows its settings to `inspect`', () => {
    const model = defineStepWith({ kind: 'model', name: 'm' }, { id: 'x:m' }, async (q: string) => q);
    expect(hedge(model).id).toBe('x:m');
    expect(inspect(hedge(model))).toMatchObject({
      kind: 'hedge',
      name: 'hedge(m)',
      details: { percentile: 0.95, maxAttempts: 2, maxExtraRatio: 0.1 },
    });
    expect(inspect(hedge(model, { afterMs: 5 })).details).toEqual({ afterMs: 5, maxAttempts: 2, maxExtraRatio: 0.1 });
  });

  it.each([
    { afterMs: -1 },
    { percentile: 0 },
    { percentile: 1 },
    { maxAttempts: 0 },
    { maxExtraRatio: -1 },
  ] satisfies HedgeOptions[])('refuses %o', (options) => {
    expect(() => hedge(async () => 1, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
