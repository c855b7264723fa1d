import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, isWithin, PipewrightError, type Run, type RunEvent, sleep, stream } from '../core/index.js';
import { testRun } from '../testing/index.js';
import { balance, bulkhead, circuitBreaker, fallback, hedge, rateLimit, retry, timeout } from './index.js';

type Talker = (input: number, run: Run) => Promise<string>;

/** One try of the scripted step: how long until each of its words, and how it ends. */
interface Turn {
  readonly waitMs: number;
  readonly words: number;
  readonly end: 'answer' | 'fail' | 'refuse' | 'stall' | 'deaf';
}

const turnArbitrary: fc.Arbitrary<Turn> = fc.record({
  waitMs: fc.integer({ min: 0, max: 60 }),
  words: fc.integer({ min: 0, max: 3 }),
  end: fc.constantFrom('answer', 'answer', 'answer', 'fail', 'refuse', 'stall', 'deaf'),
});

const failing = new PipewrightError('model-overloaded', 'Busy.', { retryable: true, details: { retryAfterMs: 20 } });
const refusing = new PipewrightError('bad-input', 'No.');

/** A step that plays one turn after the other, over and over. Its answer is the text that it showed. */
const talker = (turns: readonly Turn[]) => {
  const state = { calls: 0, busy: 0 };
  const step: Talker = async (input, run) => {
    const number = ++state.calls;
    const { waitMs, words, end } = turns[number % turns.length] ?? { waitMs: 0, words: 0, end: 'answer' };
    state.busy += 1;
    try {
      let text = '';
      for (let word = 0; word < words; word++) {
        if (end === 'deaf') await new Promise<void>((resolve) => run.clock.after(waitMs, resolve));
        else await sleep(waitMs, run);
        const piece = `${input}.${number}.${word} `;
        run.emit({ type: 'text-delta', text: piece });
        text += piece;
      }
      if (end === 'fail') throw failing;
      if (end === 'refuse') throw refusing;
      if (end === 'stall') await sleep(Number.POSITIVE_INFINITY, run);
      return text;
    } finally {
      state.busy -= 1;
    }
  };
  return { state, step };
};

/** Every decorator with limits that the calls of a test run into. */
const decorators: Readonly<Record<string, (step: Talker) => Talker>> = {
  retry: (step) => retry(step, { maxAttempts: 3, initialDelayMs: 10 }),
  timeout: (step) => timeout(step, { totalMs: 300 }),
  silence: (step) => timeout(step, { firstTextMs: 150, betweenTextMs: 150 }),
  fallback: (step) => fallback(step, step),
  circuit: (step) => circuitBreaker(step, { maxFailures: 4, coolDownMs: 50 }),
  rate: (step) => rateLimit(step, { limits: [{ requests: 5, perMs: 100 }], maxWaitMs: 500, maxQueued: 8 }),
  bulkhead: (step) => bulkhead(step, { maxConcurrent: 2, maxQueued: 4, maxWaitMs: 400 }),
  hedge: (step) => hedge(step, { afterMs: 30, maxAttempts: 3 }),
  balance: (step) => balance([step, (input, run) => step(input, run)], { maxFailures: 2, ejectMs: 50 }),
};
const names = Object.keys(decorators);
const stackOf = (order: readonly string[], step: Talker): Talker =>
  order.reduce((inner, name) => decorators[name]?.(inner) ?? inner, step);

/** What a listener has on the screen at the end: all text but that which was withdrawn. */
const shownText = (events: readonly RunEvent[]): string => {
  let pieces: { readonly text: string; readonly event: RunEvent }[] = [];
  for (const event of events) {
    if (event.type === 'text-delta') pieces.push({ text: event.text, event });
    if (event.type === 'retract') pieces = pieces.filter((piece) => !isWithin(piece.event.span, event.span));
  }
  return pieces.map(({ text }) => text).join('');
};

describe('all decorators around one step, in any order', () => {
  const plan = fc.record({
    order: fc.shuffledSubarray(names, { minLength: 1 }),
    turns: fc.array(turnArbitrary, { minLength: 1, maxLength: 6 }),
    calls: fc.integer({ min: 1, max: 8 }),
    abortAtMs: fc.option(fc.integer({ min: 0, max: 500 })),
    isWatched: fc.boolean(),
  });

  it('settle every call, show each answer once, wake on an abort and leave nothing behind (property)', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ order, turns, calls, abortAtMs, isWatched }) => {
        const { run: root, clock, abort } = testRun({ isWatched: false });
        const { state, step } = talker(turns);
        // A stall ends by a deadline only; some orders and subsets have none inside.
        const guarded = timeout(stackOf(order, step), { totalMs: 5_000 });
        const heard: RunEvent[][] = [];
        const work = Array.from({ length: calls }, (_, index) => {
          const events: RunEvent[] = [];
          heard.push(events);
          return guarded(index, isWatched ? root.child(`call ${index}`, { on: (event) => events.push(event) }) : root);
        });
        let settled: readonly PromiseSettledResult<string>[] | undefined;
        void Promise.allSettled(work).then((results) => {
          settled = results;
        });
        if (abortAtMs !== null) {
          await clock.advance(abortAtMs);
          const before = state.calls;
          abort('gone');
          await clock.advance(0);
          await clock.advance(0);
          // What is left may be a deaf step; no new one starts, and every caller is told at once.
          expect(settled).toHaveLength(calls);
          expect(state.calls).toBe(before);
        }
        await clock.advance(10_000);
        if (settled === undefined) throw new Error('Some call has not settled.');
        for (const [index, result] of settled.entries()) {
          if (result.status === 'rejected') {
            if (abortAtMs === null) expect(result.reason).toBeInstanceOf(PipewrightError);
          } else if (isWatched) expect(shownText(heard[index] ?? [])).toBe(result.value);
        }
        expect(state.busy).toBe(0);
        expect(clock.pending).toBe(0);
        expect(getEventListeners(root.signal, 'abort')).toHaveLength(0);
      }),
      { numRuns: 300 },
    );
  });

  it('Q17 stay within one budget of tries, hedges among them, however they are nested', async () => {
    const tries = ['retry', 'hedge'];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...tries, 'circuit', 'timeout', 'balance'), { minLength: 1, maxLength: 6 }),
        async (order) => {
          const { run, clock } = testRun();
          const { state, step } = talker([{ waitMs: 40, words: 1, end: 'fail' }]);
          const outcome = stackOf(order, step)(1, run).catch(() => undefined);
          await clock.advance(10_000);
          await outcome;
          // Each of them allows two extra tries, and only the outermost counts.
          expect(state.calls).toBeLessThanOrEqual(3);
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('Q01 1,000 mixed calls and streams on one signal leave no listener and no warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const control = new AbortController();
    const { step } = talker([
      { waitMs: 0, words: 2, end: 'answer' },
      { waitMs: 1, words: 1, end: 'fail' },
      { waitMs: 0, words: 0, end: 'refuse' },
      { waitMs: 1, words: 3, end: 'answer' },
    ]);
    const roomy = { maxConcurrent: 100, maxQueued: 1_000 };
    const stack = fallback(
      timeout(
        rateLimit(
          circuitBreaker(bulkhead(hedge(retry(balance([step, step]), { initialDelayMs: 1 }), { afterMs: 2 }), roomy), {
            maxFailures: Infinity,
            ratio: { minCalls: Infinity },
          }),
          { limits: [{ requests: 100_000, perMs: 1_000 }] },
        ),
        { totalMs: 10_000, firstTextMs: 10_000 },
      ),
      () => 'plan b',
    );
    const run = createRun({ signal: control.signal });
    const results = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        index % 3 === 0 ? stream(stack, index, { signal: control.signal }).result : stack(index, run),
      ),
    );
    expect(results).toHaveLength(1_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off('warning', onWarning);
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    expect(warnings.map(({ message }) => message)).toEqual([]);
  });
});
