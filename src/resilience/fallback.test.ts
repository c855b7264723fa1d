import { describe, expect, it } from 'vitest';
import { createRun, defineStep, defineStepWith, inspect, PipewrightError, type Run, stream } from '../core/index.js';
import { testRun } from '../testing/index.js';
import { fallback, forbidRetry, retry } from './index.js';

const model = (id: string, answer: (q: string, run: Run) => string) =>
  defineStepWith({ kind: 'model', name: id }, { id }, async (q: string, run) => answer(q, run));
const fails = (id: string, error: unknown) =>
  model(id, () => {
    throw error;
  });
const overloaded = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
const refused = new PipewrightError('not-allowed', 'Bad key.', { details: { status: 401 } });

describe('fallback', () => {
  it('does not call the others while the first succeeds', async () => {
    let calls = 0;
    const step = fallback(
      model('a', (q) => q),
      (): string => String(++calls),
    );
    expect(await step('x')).toBe('x');
    expect(calls).toBe(0);
  });

  it.each([
    ['an error of ours', refused],
    ['a plain error', new Error('bug')],
    ['a string', 'text'],
    ['undefined', undefined],
  ])('goes on to the next after %s', async (_, error) => {
    const step = fallback(
      fails('a', error),
      fails('b', error),
      model('c', (q) => `c ${q}`),
    );
    expect(await step('x')).toBe('c x');
  });

  it('tells whom it left for whom and why, and runs each in a span of its own', async () => {
    const { run, events } = testRun();
    await fallback(
      fails('a', overloaded),
      model('b', (q) => q),
    )('x', run);
    expect(events.map(({ type, span }) => `${type} ${span.path.join('/')}`)).toEqual([
      'step-start a',
      'step-error a',
      'fallback-switch ',
      'step-start b',
      'step-end b',
    ]);
    expect(events[2]).toMatchObject({ from: 'a', to: 'b', error: overloaded });
  });

  it('rejects with the failure itself when there is only one', async () => {
    await expect(fallback(fails('a', refused))('x')).rejects.toBe(refused);
    const choosy = fallback([fails('a', refused), model('b', (q) => q)], {
      shouldSwitch: (error) => error !== refused,
    });
    await expect(choosy('x')).rejects.toBe(refused);
  });

  it('rejects with code and details of the last failure and all of them as the cause', async () => {
    const error = await fallback(fails('a', overloaded), fails('b', refused))('x').catch((caught) => caught);
    expect(error).toMatchObject({ code: 'not-allowed', retryable: true, details: { status: 401 } });
    expect(error.message).toBe('2 steps failed one after the other. `a`: Busy. `b`: Bad key.');
    expect(error.cause.errors).toEqual([overloaded, refused]);
  });

  it('tells the shortest wait that any of the servers asked for', async () => {
    const slow = (retryAfterMs: number) =>
      new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs } });
    const error = await fallback(
      fails('a', slow(9_000)),
      fails('b', slow(2_000)),
      fails('c', refused),
    )('x').catch((caught) => caught);
    expect(error).toMatchObject({
      code: 'not-allowed',
      retryable: true,
      details: { status: 401, retryAfterMs: 2_000 },
    });
  });

  it('quotes long failures in short, on one line, and without secrets (Q30)', async () => {
    const long = fails('a', new Error(`first\nsecond ${'x'.repeat(5_000)}`));
    const secret = fails('b', new Error('no such key: sk-proj-abcdefghijklmnop'));
    const error = await fallback(long, secret)('x').catch((caught) => caught);
    expect(error.message).toMatch(/`a`: first second x+… `b`: no such key: \[secret\]$/);
    expect(error.message.length).toBeLessThan(350);
  });

  it('does not go on after a step that did what must not be done twice', async () => {
    const deed = model('a', (_, run) => {
      forbidRetry(run);
      throw overloaded;
    });
    let calls = 0;
    const other = (): string => String(++calls);
    await expect(fallback(deed, other)('x')).rejects.toBe(overloaded);
    await expect(retry(fallback(retry(deed), other), { initialDelayMs: 0 })('x')).rejects.toBe(overloaded);
    expect(calls).toBe(0);
  });

  it('leaves the budget of tries to the retries inside and around it', async () => {
    let calls = 0;
    const down = model('a', () => {
      calls += 1;
      throw overloaded;
    });
    const retried = retry(down, { initialDelayMs: 0 });
    await expect(fallback(retried, retried)('x')).rejects.toMatchObject({ code: 'model-overloaded' });
    expect(calls).toBe(6);
    calls = 0;
    await expect(retry(fallback(retried, retried), { maxAttempts: 2, initialDelayMs: 0 })('x')).rejects.toThrow();
    // Two first tries, and the one extra try for all.
    expect(calls).toBe(3);
  });

  it('is not retryable when none of the failures is, and has a code when none is ours', async () => {
    const step = fallback(fails('a', new Error('one')), fails('b', 'two'));
    await expect(step('x')).rejects.toMatchObject({
      code: 'model-failed',
      retryable: false,
      message: /`a`: one `b`: two$/,
    });
  });

  it('asks `shouldSwitch` about each failure', async () => {
    const seen: unknown[] = [];
    const step = fallback([fails('a', overloaded), fails('b', refused), model('c', (q) => q)], {
      shouldSwitch: (error) => seen.push(error) > 0,
    });
    expect(await step('x')).toBe('x');
    expect(seen).toEqual([overloaded, refused]);
  });

  it.each(['watched', 'unwatched'])('does not go on after an abort (%s)', async (mode) => {
    const { run, abort } = testRun({ isWatched: mode === 'watched' });
    let calls = 0;
    const first = model('a', () => {
      abort('gone');
      throw overloaded;
    });
    await expect(fallback(first, (): string => String(++calls))('x', run)).rejects.toBe('gone');
    expect(calls).toBe(0);
  });

  it('withdraws the text of the step it leaves', async () => {
    const first = defineStep({ kind: 'model', name: 'a' }, async (_: string, run: Run): Promise<string> => {
      run.emit({ type: 'text-delta', text: 'Half an' });
      throw overloaded;
    });
    const second = model('b', (_, run) => {
      run.emit({ type: 'text-delta', text: 'All.' });
      return 'All.';
    });
    const shown: string[] = [];
    for await (const text of stream(fallback(first, second), '?').snapshots) shown.push(text);
    expect(shown).toEqual(['Half an', '', 'All.']);

    const strict = fallback([first, second], { onPartial: 'fail' });
    await expect(stream(strict, '?').result).rejects.toBe(overloaded);
    expect(await strict('?', createRun())).toBe('All.');
  });

  it('keeps the properties of the first step, through a retry too', () => {
    const step = fallback(
      retry(model('a', (q) => q)),
      model('b', (q) => q),
      (q) => q,
    );
    expect(step.id).toBe('a');
    expect(inspect(step)).toMatchObject({
      kind: 'fallback',
      name: 'fallback(retry(a))',
      children: [{ name: 'retry(a)' }, { name: 'b' }, { kind: 'function' }],
    });
  });

  it('takes plain functions, which may be synchronous', async () => {
    const broken = (n: number): string => {
      throw new Error(`down ${n}`);
    };
    expect(await fallback(broken, (n) => `plan ${n}`)(2)).toBe('plan 2');
  });

  it('refuses an empty list', () => {
    expect(() => fallback([] as never, {})).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('can be retried as a whole when one of its steps might recover', async () => {
    let calls = 0;
    const flaky = model('a', (q) => {
      calls += 1;
      if (calls === 1) throw overloaded;
      return q;
    });
    expect(await retry(fallback(flaky, fails('b', refused)), { initialDelayMs: 0 })('x')).toBe('x');
  });
});
