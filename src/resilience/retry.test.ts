import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  createRun,
  defineStep,
  defineStepWith,
  inspect,
  map,
  pipe,
  PipewrightError,
  type Run,
  type RunEvent,
  seededRandom,
  stream,
} from '../core/index.js';
import { manualClock, testRun } from '../testing/index.js';
import { fallback, forbidRetry, retry, type RetryOptions, timeout } from './index.js';

const overloaded = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });

/** A step that fails as often as told, then answers; it counts its calls. */
const failing = (times: number, error: unknown = overloaded) => {
  const step = defineStepWith({ kind: 'model', name: 'm' }, { calls: { count: 0 } }, async (input: string) => {
    step.calls.count += 1;
    if (step.calls.count <= times) throw error;
    return input.length;
  });
  return step;
};

const settled = (promise: Promise<unknown>) => {
  const state: { value?: unknown; error?: unknown; isOver: boolean } = { isOver: false };
  promise.then(
    (value) => Object.assign(state, { value, isOver: true }),
    (error) => Object.assign(state, { error, isOver: true }),
  );
  return state;
};

describe('retry', () => {
  it('resolves at the first success without a wait or a timer', async () => {
    const { run, clock } = testRun();
    const step = failing(0);
    expect(await retry(step)('four', run)).toBe(4);
    expect(step.calls.count).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('tries again after a random wait below an end that doubles up to the longest wait', async () => {
    const { run, clock, events } = testRun({ seed: 7 });
    const step = failing(5);
    const result = retry(step, { maxAttempts: 6, initialDelayMs: 100, maxDelayMs: 500 })('four', run);
    await clock.advance(5_000);
    expect(await result).toBe(4);
    const random = seededRandom(7);
    const ends = [100, 200, 400, 500, 500];
    expect(events.filter(({ type }) => type === 'retry-wait')).toMatchObject(
      ends.map((end, index) => ({ attempt: index + 1, waitMs: Math.floor(random() * end), error: overloaded })),
    );
    expect(clock.pending).toBe(0);
  });

  it('rejects with the last error itself when all tries are used up', async () => {
    const errors = [1, 2, 3].map((n) => new PipewrightError('timeout', `try ${n}`, { retryable: true }));
    let calls = 0;
    const step = async (): Promise<never> => Promise.reject(errors[calls++]);
    await expect(retry(step, { initialDelayMs: 0 })(undefined)).rejects.toBe(errors[2]);
    expect(calls).toBe(3);
  });

  it.each([
    ['an error of ours that is not retryable', new PipewrightError('bad-input', 'No.')],
    ['a plain error', new Error('bug')],
    ['a TypeError', new TypeError('x is not a function')],
    ['a string', 'just text'],
    ['null', null],
  ])('rejects at once with %s', async (_, error) => {
    const step = failing(1, error);
    await expect(retry(step)('four')).rejects.toBe(error);
    expect(step.calls.count).toBe(1);
  });

  it.each([
    ['a TypeError', new TypeError('x is not a function')],
    ['a string', 'just text'],
    ['an AbortError of the step itself', new DOMException('Internal.', 'AbortError')],
  ])('tries again after %s when `shouldRetry` says so', async (_, error) => {
    const step = failing(2, error);
    expect(await retry(step, { initialDelayMs: 0, shouldRetry: (seen) => seen === error })('four')).toBe(4);
    expect(step.calls.count).toBe(3);
  });

  it('rejects with what `shouldRetry` throws', async () => {
    const bug = new Error('bug in shouldRetry');
    const shouldRetry = (): boolean => {
      throw bug;
    };
    await expect(retry(failing(1), { shouldRetry })('x')).rejects.toBe(bug);
  });

  it('tries a function that throws synchronously again', async () => {
    let calls = 0;
    const step = (n: number): number => {
      calls += 1;
      if (calls === 1) throw overloaded;
      return n + 1;
    };
    expect(await retry(step, { initialDelayMs: 0 })(1)).toBe(2);
  });

  it.each([
    { maxAttempts: 0 },
    { maxAttempts: Number.NaN },
    { maxAttempts: 2.5 },
    { initialDelayMs: -1 },
    { maxDelayMs: -1 },
  ] satisfies RetryOptions[])('refuses %o', (options) => {
    const [name] = Object.keys(options);
    expect(() => retry(failing(0), options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => retry(failing(0), options)).toThrow(name);
  });

  it('keeps the properties of the step and shows its settings to `inspect`', () => {
    const step = failing(0);
    const retried = retry(step, { maxAttempts: 5 });
    expect(retried.calls).toBe(step.calls);
    expect(inspect(retried)).toMatchObject({
      kind: 'retry',
      name: 'retry(m)',
      details: { maxAttempts: 5, initialDelayMs: 500, maxDelayMs: 60_000 },
      children: [{ kind: 'model', name: 'm' }],
    });
  });

  it('goes on past the thousandth try when the number of tries is not limited', async () => {
    const step = failing(1_100);
    expect(await retry(step, { maxAttempts: Infinity, initialDelayMs: 0 })('four')).toBe(4);
  });

  it('runs each try in a span of its own', async () => {
    const { run, events } = testRun();
    await retry(failing(1), { initialDelayMs: 0 })('four', run);
    expect(events.map(({ type, span }) => `${type} ${span.path.join('/')}`)).toEqual([
      'step-start attempt 1',
      'step-error attempt 1',
      'retry-wait ',
      'step-start attempt 2',
      'step-end attempt 2',
    ]);
    expect(events[0]).toMatchObject({ kind: 'model', input: 'four' });
  });
});

describe('Q17 retries of HTTP failures', () => {
  // What a provider makes of a status and its headers; that side has tests of its own.
  const table = [
    { status: 408, code: 'timeout', retryable: true, tries: 3 },
    { status: 409, code: 'model-failed', retryable: true, tries: 3 },
    { status: 429, code: 'rate-limited', retryable: true, tries: 3 },
    { status: 429, code: 'rate-limited', retryable: true, retryAfterMs: 20_000, tries: 3 },
    { status: 429, code: 'rate-limited', retryable: true, retryAfterMs: 1_500, tries: 3 },
    { status: 429, code: 'rate-limited', retryable: true, retryAfterMs: 61_000, tries: 1 },
    { status: 429, code: 'quota-exhausted', retryable: false, tries: 1 },
    { status: 429, code: 'quota-exhausted', retryable: false, retryAfterMs: 1_000, tries: 1 },
    { status: 500, code: 'model-failed', retryable: true, tries: 3 },
    { status: 503, code: 'model-overloaded', retryable: true, retryAfterMs: 2_000, tries: 3 },
    { status: 529, code: 'model-overloaded', retryable: true, tries: 3 },
    { status: 400, code: 'bad-input', retryable: false, tries: 1 },
    { status: 401, code: 'not-allowed', retryable: false, tries: 1 },
  ] as const;

  it.each(table)('Q17 $status $code, asked to wait $retryAfterMs ms: $tries tries', async (row) => {
    const { run, clock, events } = testRun();
    const retryAfterMs = 'retryAfterMs' in row ? row.retryAfterMs : undefined;
    const error = new PipewrightError(row.code, 'From the server.', {
      retryable: row.retryable,
      details: { status: row.status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
    const step = failing(9, error);
    const outcome = settled(retry(step)('x', run));
    await clock.advance(200_000);
    expect(outcome.error).toBe(error);
    expect(step.calls.count).toBe(row.tries);
    const waits = events.flatMap((event) => (event.type === 'retry-wait' ? [event.waitMs] : []));
    expect(waits).toHaveLength(row.tries - 1);
    if (retryAfterMs !== undefined) for (const waitMs of waits) expect(waitMs).toBe(retryAfterMs);
  });

  it('Q17 waits to the millisecond as long as the server asked', async () => {
    const { run, clock } = testRun();
    const step = failing(
      1,
      new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs: 30_000 } }),
    );
    const outcome = settled(retry(step)('four', run));
    await clock.advance(29_999);
    expect(step.calls.count).toBe(1);
    await clock.advance(1);
    expect(outcome.value).toBe(4);
  });

  it('Q17 an abort wakes the wait at once and leaves nothing behind', async () => {
    const { run, clock, abort } = testRun();
    const step = failing(
      9,
      new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs: 30_000 } }),
    );
    const outcome = settled(retry(step)('x', run));
    await clock.advance(400);
    expect(clock.pending).toBe(1);
    const reason = new Error('gone');
    abort(reason);
    await clock.advance(0);
    expect(outcome.error).toBe(reason);
    expect(step.calls.count).toBe(1);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
  });

  it('Q17 never tries again after an abort, whatever the step or `shouldRetry` say', async () => {
    const { run, abort } = testRun();
    let calls = 0;
    let asked = 0;
    const step = async (): Promise<never> => {
      calls += 1;
      abort('gone');
      throw overloaded;
    };
    const shouldRetry = (): boolean => ++asked > 0;
    await expect(retry(step, { shouldRetry })(undefined, run)).rejects.toBe('gone');
    expect([calls, asked]).toEqual([1, 0]);
  });

  it.each([
    [
      'retry in retry',
      (step: ReturnType<typeof failing>) =>
        retry(retry(step, { maxAttempts: 5, initialDelayMs: 0 }), { maxAttempts: 3, initialDelayMs: 0 }),
      3,
    ],
    [
      'three deep, behind a function',
      (step: ReturnType<typeof failing>) => {
        const inner = retry(retry(step, { initialDelayMs: 0 }), { initialDelayMs: 0 });
        return retry(
          pipe(
            (text: string) => text,
            (text, run) => inner(text, run),
          ),
          { maxAttempts: 4, initialDelayMs: 0 },
        );
      },
      4,
    ],
    [
      'the inner layer is the stricter',
      (step: ReturnType<typeof failing>) =>
        retry(retry(step, { maxAttempts: 1 }), { maxAttempts: 3, initialDelayMs: 0 }),
      3,
    ],
    [
      'timeout between',
      (step: ReturnType<typeof failing>) =>
        retry(timeout(retry(step, { initialDelayMs: 0 }), { totalMs: 1_000 }), { maxAttempts: 2, initialDelayMs: 0 }),
      2,
    ],
  ])('Q17 nested wrappers share one budget: %s', async (_, wrap, tries) => {
    const step = failing(99);
    await expect(wrap(step)('x', createRun())).rejects.toBe(overloaded);
    expect(step.calls.count).toBe(tries);
  });

  it('Q17 branches under one retry share its budget; first tries are free', async () => {
    let calls = 0;
    const step = retry(
      async (): Promise<never> => {
        calls += 1;
        throw overloaded;
      },
      { maxAttempts: 10, initialDelayMs: 0 },
    );
    const tolerant = map(async (n: number, run) => step(n, run).catch(() => n), { concurrency: 3 });
    expect(await retry(tolerant, { maxAttempts: 4 })([1, 2, 3, 4, 5])).toEqual([1, 2, 3, 4, 5]);
    expect(calls).toBe(5 + 3);
  });

  it('Q17 calls side by side in one run each have a budget of their own', async () => {
    const run = createRun();
    const steps = [failing(2), failing(2), failing(2)];
    const results = await Promise.all(steps.map((step) => retry(step, { initialDelayMs: 0 })('four', run)));
    expect(results).toEqual([4, 4, 4]);
  });
});

describe('forbidRetry', () => {
  const send = defineStep({ kind: 'tool' }, async (mail: string[], run: Run) => {
    forbidRetry(run);
    mail.push('sent');
    return mail;
  });

  it('keeps every retry around a deed from doing it twice', async () => {
    const mail: string[] = [];
    const failsLater = pipe(send, () => Promise.reject(overloaded));
    await expect(retry(retry(failsLater, { initialDelayMs: 0 }), { initialDelayMs: 0 })(mail)).rejects.toBe(overloaded);
    expect(mail).toEqual(['sent']);
  });

  it('leaves a retry alone that starts later and wraps other work', async () => {
    const mail: string[] = [];
    const step = failing(1);
    const work = pipe(send, (sent) => String(sent[0]), retry(step, { initialDelayMs: 0 }));
    expect(await retry(work, { initialDelayMs: 0 })(mail)).toBe(4);
    expect(mail).toEqual(['sent']);
  });

  it('does nothing outside a retry', () => {
    expect(() => forbidRetry(createRun())).not.toThrow();
  });
});

/** Shows text, then fails as often as told. */
const talking = (times: number, text = 'Half an ans') => {
  let calls = 0;
  return defineStep({ kind: 'model', name: 'talker' }, async (_: string, run: Run) => {
    calls += 1;
    run.emit({ type: 'text-delta', text: calls <= times ? text : 'The answer' });
    if (calls <= times) throw overloaded;
    return 'The answer';
  });
};

describe('retry with text already shown', () => {
  it('withdraws the text of exactly the failed try', async () => {
    const { run, events } = testRun();
    const ask = pipe(
      (q: string, inner: Run) => {
        inner.emit({ type: 'text-delta', text: 'Asking. ' });
        return q;
      },
      retry(talking(1), { initialDelayMs: 0 }),
    );
    expect(await ask('?', run)).toBe('The answer');
    const retracts = events.filter((event) => event.type === 'retract');
    expect(retracts).toHaveLength(1);
    expect(retracts[0]?.span.path).toEqual(['retry(talker)', 'attempt 1']);
    let last = '';
    const again = pipe(
      (q: string, inner: Run) => {
        inner.emit({ type: 'text-delta', text: 'Asking. ' });
        return q;
      },
      retry(talking(2), { initialDelayMs: 0 }),
    );
    for await (const text of stream(again, '?').snapshots) last = text;
    expect(last).toBe('Asking. The answer');
  });

  it('goes on quietly in `.text` when the next try repeats what was shown', async () => {
    let text = '';
    for await (const piece of stream(retry(talking(1, 'The ans'), { initialDelayMs: 0 }), '?').text) text += piece;
    expect(text).toBe('The answer');
  });

  it('withdraws nothing when an inner retry has done so already', async () => {
    const { run, events } = testRun();
    const inner = retry(talking(1), { initialDelayMs: 0 });
    let calls = 0;
    const outer = retry(
      async (q: string, inside: Run) => {
        await inner(q, inside);
        calls += 1;
        if (calls === 1) {
          inside.emit({ type: 'retract', reason: 'all of it' });
          throw overloaded;
        }
      },
      { initialDelayMs: 0, maxAttempts: 4 },
    );
    await outer('?', run);
    expect(events.filter((event) => event.type === 'retract').map(({ span }) => span.name)).toEqual([
      'attempt 1',
      'attempt 1',
    ]);
  });

  it.each(['reasoning-delta', 'tool-call-delta'] as const)('withdraws a %s too', async (type) => {
    const { run, events } = testRun();
    let calls = 0;
    const step = async (_: string, inner: Run): Promise<void> => {
      inner.emit(type === 'tool-call-delta' ? { type, id: '1', name: 'f', text: '{' } : { type, text: 'hm' });
      calls += 1;
      if (calls === 1) throw overloaded;
    };
    await retry(step, { initialDelayMs: 0 })('?', run);
    expect(events.filter((event) => event.type === 'retract')).toHaveLength(1);
  });

  it('fails with the error instead when text must not be taken back', async () => {
    const { run, events } = testRun();
    await expect(retry(talking(1), { onPartial: 'fail' })('?', run)).rejects.toBe(overloaded);
    expect(events.some((event: RunEvent) => event.type === 'retract' || event.type === 'retry-wait')).toBe(false);
  });

  it('tries again all the same when nobody was there to see the text', async () => {
    const run = createRun({ clock: manualClock() });
    expect(await retry(talking(1), { onPartial: 'fail', initialDelayMs: 0 })('?', run)).toBe('The answer');
  });

  it('counts text shown by a fallback inside', async () => {
    const { run, events } = testRun();
    const both = fallback(talking(9), talking(1, 'Other'));
    expect(await retry(both, { initialDelayMs: 0 })('?', run)).toBe('The answer');
    expect(events.flatMap((event) => (event.type === 'retract' ? [event.span.path.join('/')] : []))).toEqual([
      'attempt 1/talker',
      'attempt 1',
      'attempt 2/talker',
    ]);
  });
});
