import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  createRun,
  defineStepWith,
  inspect,
  PipewrightError,
  type Run,
  type RunEventBody,
  sleep,
} from '../core/index.js';
import { testRun } from '../testing/index.js';
import { retry, timeout } from './index.js';

const settled = (promise: Promise<unknown>) => {
  const state: { value?: unknown; error?: unknown; isOver: boolean } = { isOver: false };
  promise.then(
    (value) => Object.assign(state, { value, isOver: true }),
    (error) => Object.assign(state, { error, isOver: true }),
  );
  return state;
};

const never = (): Promise<never> => new Promise(() => undefined);
const waits = async (ms: number, run: Run): Promise<number> => sleep(ms, run).then(() => ms);

/** Emits each event at its time, then answers at `endMs`. */
const plays = (events: readonly (readonly [atMs: number, event: RunEventBody])[], endMs: number) =>
  async function player(_: null, run: Run): Promise<string> {
    let nowMs = 0;
    for (const [atMs, event] of events) {
      await sleep(atMs - nowMs, run);
      nowMs = atMs;
      run.emit(event);
    }
    await sleep(endMs - nowMs, run);
    return 'done';
  };

const text: RunEventBody = { type: 'text-delta', text: 'a' };
const nothingLeft = (clock: { pending: number }, run: Run): void => {
  expect(clock.pending).toBe(0);
  expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
};

describe('timeout', () => {
  it('hands the result on and leaves no timer or listener', async () => {
    const { run, clock } = testRun();
    const result = timeout(waits, { totalMs: 100, firstTextMs: 100, betweenTextMs: 100 })(99, run);
    await clock.advance(99);
    expect(await result).toBe(99);
    nothingLeft(clock, run);
  });

  it('rejects at the deadline with a retryable error that names the step, the limit and the time', async () => {
    const { run, clock } = testRun();
    const outcome = settled(timeout(waits, { totalMs: 100 })(1_000, run));
    await clock.advance(99);
    expect(outcome.isOver).toBe(false);
    await clock.advance(1);
    expect(outcome.error).toMatchObject({ code: 'timeout', retryable: true });
    expect((outcome.error as Error).message).toMatch(/`waits` did not finish within 100 ms \(`totalMs`\)/);
    nothingLeft(clock, run);
  });

  it('Q05 rejects at the deadline though the step is deaf to its signal', async () => {
    const { run, clock } = testRun();
    const outcome = settled(timeout(never, { totalMs: 100 })(null, run));
    await clock.advance(100);
    expect(outcome.error).toMatchObject({ code: 'timeout' });
    nothingLeft(clock, run);
  });

  it('tells a listening step by the reason of its signal', async () => {
    const { run, clock } = testRun();
    let reason: unknown;
    const step = async (_: null, inner: Run): Promise<void> => {
      await sleep(1_000, inner).catch(() => undefined);
      reason = inner.signal.reason;
    };
    const outcome = settled(timeout(step, { totalMs: 100 })(null, run));
    await clock.advance(100);
    expect(reason).toBe(outcome.error);
  });

  it('rejects with the reason of the caller when that comes first', async () => {
    const { run, clock, abort } = testRun();
    const outcome = settled(timeout(never, { totalMs: 100, firstTextMs: 50, betweenTextMs: 50 })(null, run));
    await clock.advance(10);
    abort('gone');
    await clock.advance(0);
    expect(outcome.error).toBe('gone');
    nothingLeft(clock, run);
  });

  it('hands a failure on, a synchronous one too', async () => {
    const { run, clock } = testRun();
    const bug = new Error('bug');
    const throws = (): never => {
      throw bug;
    };
    await expect(timeout(throws, { totalMs: 100 })(null as never, run)).rejects.toBe(bug);
    nothingLeft(clock, run);
  });

  it('starts nothing in a run that is aborted', async () => {
    const { run, clock, abort } = testRun();
    abort('gone');
    let calls = 0;
    await expect(timeout(() => ++calls, { totalMs: 100 })(undefined as never, run)).rejects.toBe('gone');
    expect(calls).toBe(0);
    nothingLeft(clock, run);
  });

  it.each([
    ['text', text],
    ['reasoning', { type: 'reasoning-delta', text: 'hm' }],
    ['a tool call', { type: 'tool-call-delta', id: '1', name: 'f', text: '{' }],
  ] satisfies [string, RunEventBody][])('takes %s in time as the first sign', async (_, event) => {
    const { run, clock } = testRun();
    const outcome = settled(timeout(plays([[99, event]], 5_000), { firstTextMs: 100 })(null, run));
    await clock.advance(5_000);
    expect(outcome.value).toBe('done');
    nothingLeft(clock, run);
  });

  it.each([
    ['nothing', []],
    ['only a warning', [[50, { type: 'warning', message: 'w' }]]],
  ] satisfies [string, [number, RunEventBody][]][])('rejects when %s shows before `firstTextMs`', async (_, events) => {
    const { run, clock } = testRun();
    const outcome = settled(timeout(plays(events, 5_000), { firstTextMs: 100, betweenTextMs: 10 })(null, run));
    await clock.advance(99);
    expect(outcome.isOver).toBe(false);
    await clock.advance(1);
    expect((outcome.error as Error).message).toMatch(/showed no text within 100 ms \(`firstTextMs`\)/);
    nothingLeft(clock, run);
  });

  it('rejects when the silence after some text is too long, counted from the last delta', async () => {
    const { run, clock } = testRun();
    const step = plays(
      [
        [500, text],
        [590, text],
        [680, text],
      ],
      5_000,
    );
    const outcome = settled(timeout(step, { betweenTextMs: 100 })(null, run));
    await clock.advance(779);
    expect(outcome.isOver).toBe(false);
    await clock.advance(1);
    expect((outcome.error as Error).message).toMatch(/then nothing for 100 ms \(`betweenTextMs`\)/);
    nothingLeft(clock, run);
  });

  it('lets a call with steady text run as long as it likes, with one timer at a time', async () => {
    const { run, clock } = testRun();
    const deltas = Array.from({ length: 200 }, (_, index): [number, RunEventBody] => [index * 90, text]);
    const outcome = settled(timeout(plays(deltas, 18_005), { firstTextMs: 100, betweenTextMs: 100 })(null, run));
    for (let at = 0; at < 17_000; at += 1_000) {
      await clock.advance(1_000);
      expect(clock.pending).toBe(2);
    }
    await clock.advance(1_100);
    expect(outcome.value).toBe('done');
    nothingLeft(clock, run);
  });

  it('sets no timer for text that comes after the call is over', async () => {
    const { run, clock } = testRun();
    let late: Run | undefined;
    const step = (_: null, inner: Run): string => {
      late = inner;
      return 'done';
    };
    await timeout(step, { firstTextMs: 100, betweenTextMs: 100 })(null, run);
    late?.emit(text);
    nothingLeft(clock, run);
  });

  it('drops what a deaf step says after the deadline', async () => {
    const { run, clock, events } = testRun();
    let late: Run | undefined;
    const deaf = (_: null, inner: Run): Promise<never> => {
      late = inner;
      return never();
    };
    const outcome = settled(timeout(deaf, { totalMs: 10 })(null, run));
    await clock.advance(10);
    late?.emit(text);
    expect(outcome.isOver).toBe(true);
    expect(events).toHaveLength(0);
  });

  it('watches the step only when a limit on text asks for it', async () => {
    const seen: boolean[] = [];
    const step = (_: null, run: Run): number => seen.push(run.isWatched);
    await timeout(step, { totalMs: 100 })(null, createRun());
    await timeout(step, { betweenTextMs: 100 })(null, createRun());
    expect(seen).toEqual([false, true]);
  });

  it('gives each try inside a retry its own deadline', async () => {
    const { run, clock } = testRun();
    let calls = 0;
    const step = async (_: null, inner: Run): Promise<string> => {
      calls += 1;
      if (calls < 3) await sleep(1_000, inner);
      return 'done';
    };
    const outcome = settled(retry(timeout(step, { totalMs: 100 }), { initialDelayMs: 0 })(null, run));
    await clock.advance(200);
    expect(outcome.value).toBe('done');
    nothingLeft(clock, run);
  });

  it('ends the waits of a retry inside', async () => {
    const { run, clock } = testRun();
    const slow = new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs: 50_000 } });
    const outcome = settled(
      timeout(
        retry(() => Promise.reject(slow)),
        { totalMs: 100 },
      )(undefined as never, run),
    );
    await clock.advance(100);
    expect(outcome.error).toMatchObject({ code: 'timeout' });
    nothingLeft(clock, run);
  });

  it.each([{}, { totalMs: 0 }, { firstTextMs: -1 }, { betweenTextMs: Number.NaN }])('refuses %o', (options) => {
    expect(() => timeout(never, options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('takes Infinity as no limit', async () => {
    const { run, clock } = testRun();
    const outcome = settled(timeout(waits, { totalMs: Infinity })(10_000, run));
    await clock.advance(10_000);
    expect(outcome.value).toBe(10_000);
    nothingLeft(clock, run);
  });

  it('keeps the properties of the step and shows its limits to `inspect`', () => {
    const model = defineStepWith({ kind: 'model', name: 'm' }, { id: 'x:m' }, async (q: string) => q);
    const limited = timeout(model, { totalMs: 100, firstTextMs: 10 });
    expect(limited.id).toBe('x:m');
    expect(inspect(limited)).toMatchObject({
      kind: 'timeout',
      name: 'timeout(m)',
      details: { totalMs: 100, firstTextMs: 10 },
    });
  });
});
