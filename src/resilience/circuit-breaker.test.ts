import { describe, expect, it } from 'vitest';
import { defineStepWith, inspect, PipewrightError, type Run, sleep } from '../core/index.js';
import { testRun } from '../testing/index.js';
import { bulkhead, circuit, circuitBreaker, type CircuitOptions, fallback, retry, timeout } from './index.js';

const down = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'ok',
    (error) => (error instanceof PipewrightError ? error.code : error),
  );

/** A step that answers as told, and counts its calls. */
const server = (error: unknown = down) => {
  const state = { isDown: true, calls: 0, error };
  const step = async (input: string): Promise<string> => {
    state.calls += 1;
    if (state.isDown) throw state.error;
    return input;
  };
  return { state, step };
};

const setup = (options: CircuitOptions = {}, error: unknown = down) => {
  const { state, step } = server(error);
  const own = circuit({ name: 'c', maxFailures: 3, coolDownMs: 1_000, ...options });
  return { ...testRun(), state, own, step, guarded: circuitBreaker(step, own) };
};

describe('circuitBreaker', () => {
  it('opens after so many failures in a row, and then refuses without a call', async () => {
    const { run, events, state, own, guarded } = setup();
    state.isDown = false;
    expect(await codeOf(guarded('x', run))).toBe('ok');
    state.isDown = true;
    for (let i = 0; i < 2; i++) expect(await codeOf(guarded('x', run))).toBe('model-overloaded');
    state.isDown = false;
    await guarded('x', run);
    state.isDown = true;
    for (let i = 0; i < 3; i++) {
      expect(own.state).toBe('closed');
      expect(await codeOf(guarded('x', run))).toBe('model-overloaded');
    }
    expect(own.state).toBe('open');
    const refused = await guarded('x', run).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'circuit-open', retryable: true, details: { retryAfterMs: 1_000 } });
    expect((refused as Error).message).toMatch(/circuit `c` is open after failures, for 1000 ms more/);
    expect(state.calls).toBe(7);
    expect(events).toMatchObject([{ type: 'circuit-change', name: 'c', from: 'closed', to: 'open' }]);
  });

  it('opens when too large a part of enough calls failed, though never many in a row', async () => {
    const { run, state, own, guarded } = setup({ maxFailures: 10, ratio: { maxFailureRatio: 0.5, minCalls: 10 } });
    for (let i = 0; i < 9; i++) {
      state.isDown = i % 2 === 0;
      await codeOf(guarded('x', run));
    }
    expect(own.state).toBe('closed');
    state.isDown = true;
    await codeOf(guarded('x', run));
    expect(own.state).toBe('open');
  });

  it('forgets what is older than the window', async () => {
    const { run, clock, state, own, guarded } = setup({
      maxFailures: Infinity,
      ratio: { maxFailureRatio: 0.5, minCalls: 4, windowMs: 10_000 },
    });
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    await clock.advance(10_000);
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    expect(own.state).toBe('closed');
    await clock.advance(8_000);
    await codeOf(guarded('x', run));
    expect(own.state).toBe('open');
    expect(state.calls).toBe(7);
  });

  it('forgets the failures of the window when it closes', async () => {
    const { run, clock, state, own, guarded } = setup({ maxFailures: Infinity, ratio: { minCalls: 4 } });
    for (let i = 0; i < 4; i++) await codeOf(guarded('x', run));
    expect(own.state).toBe('open');
    await clock.advance(1_000);
    state.isDown = false;
    await guarded('x', run);
    state.isDown = true;
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    expect(own.state).toBe('closed');
    await codeOf(guarded('x', run));
    expect(own.state).toBe('open');
  });

  it('lets one probe through after the cool-down, and closes when it succeeds', async () => {
    const { run, clock, events, state, own, guarded } = setup();
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    await clock.advance(999);
    expect(await codeOf(guarded('x', run))).toBe('circuit-open');
    await clock.advance(1);
    state.isDown = false;
    const both = [codeOf(guarded('x', run)), codeOf(guarded('x', run))];
    expect(own.state).toBe('half-open');
    expect(await Promise.all(both)).toEqual(['ok', 'circuit-open']);
    expect(own.state).toBe('closed');
    expect(events.map((event) => (event.type === 'circuit-change' ? event.to : event.type))).toEqual([
      'open',
      'half-open',
      'closed',
    ]);
    // The failures from before are forgotten.
    state.isDown = true;
    await codeOf(guarded('x', run));
    expect(own.state).toBe('closed');
  });

  it('stays open twice as long each time that the probe fails, up to the longest', async () => {
    const { run, clock, state, guarded } = setup({ maxCoolDownMs: 3_000 });
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    for (const coolDownMs of [1_000, 2_000, 3_000, 3_000]) {
      await clock.advance(coolDownMs - 1);
      expect(await codeOf(guarded('x', run))).toBe('circuit-open');
      await clock.advance(1);
      expect(await codeOf(guarded('x', run))).toBe('model-overloaded');
    }
    await clock.advance(3_000);
    state.isDown = false;
    expect(await codeOf(guarded('x', run))).toBe('ok');
    state.isDown = true;
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    await clock.advance(1_000);
    expect(await codeOf(guarded('x', run))).toBe('model-overloaded');
  });

  it('asks for so many successful probes, and lets no more through at once', async () => {
    const { run, clock, state, own, guarded } = setup({ maxProbes: 3 });
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    await clock.advance(1_000);
    state.isDown = false;
    expect(await codeOf(guarded('x', run))).toBe('ok');
    expect(own.state).toBe('half-open');
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => codeOf(guarded('x', run))));
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(2);
    expect(own.state).toBe('closed');
  });

  it.each([
    ['bad input', new PipewrightError('bad-input', 'No.')],
    ['a plain error', new Error('bug')],
    ['another circuit that is open', new PipewrightError('circuit-open', 'Open.', { retryable: true })],
    ['a full queue', new PipewrightError('queue-full', 'Full.', { retryable: true })],
  ])('does not count %s, and a probe that ends so makes room for another', async (_, error) => {
    const { run, clock, state, own, guarded } = setup();
    state.error = error;
    for (let i = 0; i < 50; i++) await codeOf(guarded('x', run));
    expect([own.state, state.calls]).toEqual(['closed', 50]);
    state.error = down;
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    await clock.advance(1_000);
    state.error = error;
    await expect(guarded('x', run)).rejects.toBe(error);
    expect(own.state).toBe('half-open');
    state.isDown = false;
    expect(await codeOf(guarded('x', run))).toBe('ok');
    expect(own.state).toBe('closed');
  });

  it('asks `isFailure` what counts', async () => {
    const { run, own, guarded } = setup({ isFailure: (error) => error instanceof TypeError }, new TypeError('x'));
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    expect(own.state).toBe('open');
  });

  it('does not count calls that their caller gave up, whatever `isFailure` says', async () => {
    const own = circuit({ maxFailures: 1, isFailure: () => true });
    const { run, abort } = testRun();
    const guarded = circuitBreaker((_: null, inner: Run) => sleep(1_000, inner), own);
    const outcome = codeOf(guarded(null, run));
    abort('gone');
    expect(await outcome).toBe('gone');
    expect(own.state).toBe('closed');
  });

  it('counts time-outs, whether the limit stands inside or around it', async () => {
    for (const order of ['inside', 'around']) {
      const { run, clock } = testRun();
      const own = circuit({ maxFailures: 1 });
      const slow = (_: null, inner: Run): Promise<void> => sleep(1_000, inner);
      const guarded =
        order === 'inside'
          ? circuitBreaker(timeout(slow, { totalMs: 10 }), own)
          : timeout(circuitBreaker(slow, own), { totalMs: 10 });
      const outcome = codeOf(guarded(null, run));
      await clock.advance(10);
      expect(await outcome).toBe('timeout');
      expect(own.state, order).toBe('open');
    }
  });

  it('stays open as long as the server asked, within the longest cool-down', async () => {
    for (const [askedMs, waitMs] of [
      [5_000, 5_000],
      [10, 1_000],
      [900_000, 20_000],
    ]) {
      const slow = new PipewrightError('rate-limited', 'Slow.', {
        retryable: true,
        details: { retryAfterMs: askedMs as number },
      });
      const { run, guarded } = setup({ maxFailures: 1, maxCoolDownMs: 20_000 }, slow);
      await codeOf(guarded('x', run));
      await expect(guarded('x', run)).rejects.toMatchObject({ details: { retryAfterMs: waitMs } });
    }
  });

  it('learns nothing from calls that began before it opened', async () => {
    const { run, clock } = testRun();
    const own = circuit({ maxFailures: 1, coolDownMs: 1_000 });
    const guarded = circuitBreaker(async (ms: number, inner: Run) => {
      if (ms === 0) throw down;
      await sleep(Math.abs(ms), inner);
      if (ms < 0) throw down;
    }, own);
    const late = [codeOf(guarded(1_500, run)), codeOf(guarded(-1_600, run))];
    await codeOf(guarded(0, run));
    await clock.advance(1_400);
    const probe = codeOf(guarded(400, run));
    await clock.advance(300);
    expect(await Promise.all(late)).toEqual(['ok', 'model-overloaded']);
    expect(own.state).toBe('half-open');
    await clock.advance(100);
    expect([await probe, own.state]).toEqual(['ok', 'closed']);
  });

  it('tries again when a probe never settles', async () => {
    const { run, clock } = testRun();
    const own = circuit({ maxFailures: 1, coolDownMs: 1_000 });
    let isHanging = false;
    const guarded = circuitBreaker((isDown: boolean): Promise<string> => {
      if (isDown) return Promise.reject(down);
      return isHanging ? new Promise(() => undefined) : Promise.resolve('x');
    }, own);
    await codeOf(guarded(true, run));
    await clock.advance(1_000);
    isHanging = true;
    void guarded(false, run);
    await clock.advance(999);
    isHanging = false;
    expect(await codeOf(guarded(false, run))).toBe('circuit-open');
    await clock.advance(1);
    expect(await codeOf(guarded(false, run))).toBe('ok');
    expect(own.state).toBe('closed');
  });

  it('opens and closes by hand', async () => {
    const { run, clock, events, state, own, guarded } = setup();
    state.isDown = false;
    await own.open(run);
    await clock.advance(1_000_000_000);
    const error = await guarded('x', run).catch((caught: PipewrightError) => caught);
    expect(error).toMatchObject({ code: 'circuit-open', retryable: true, details: {} });
    await own.close(run);
    expect(await codeOf(guarded('x', run))).toBe('ok');
    await own.close();
    expect(events.map(({ type }) => type)).toEqual(['circuit-change', 'circuit-change']);
  });

  it('is one for all steps that share it, and a circuit of its own for those that do not', async () => {
    const { run, own, step } = setup();
    const [one, two, apart] = [circuitBreaker(step, own), circuitBreaker(step, own), circuitBreaker(step)];
    for (const guarded of [one, two, one]) await codeOf(guarded('x', run));
    expect(await codeOf(two('x', run))).toBe('circuit-open');
    expect(await codeOf(apart('x', run))).toBe('model-overloaded');
  });

  it('is waited for by a retry around it, and left by a fallback', async () => {
    const { run, clock, state, guarded } = setup();
    for (let i = 0; i < 3; i++) await codeOf(guarded('x', run));
    expect(await fallback(guarded, () => 'plan b')('x', run)).toBe('plan b');
    const outcome = retry(guarded)('x', run);
    state.isDown = false;
    await clock.advance(1_000);
    expect(await outcome).toBe('x');
    expect(clock.pending).toBe(0);
  });

  it('keeps the properties of the step and shows its settings to `inspect`', () => {
    const model = defineStepWith({ kind: 'model', name: 'm' }, { id: 'x:m' }, async (q: string) => q);
    const guarded = circuitBreaker(bulkhead(model), { maxFailures: 7 });
    expect(guarded.id).toBe('x:m');
    expect(inspect(guarded)).toMatchObject({
      kind: 'circuit-breaker',
      name: 'circuit-breaker(bulkhead(m))',
      details: {
        circuit: 'bulkhead(m)',
        maxFailures: 7,
        maxFailureRatio: 0.5,
        minCalls: 20,
        windowMs: 60_000,
        coolDownMs: 10_000,
        maxCoolDownMs: 300_000,
        maxProbes: 1,
        isShared: false,
      },
    });
  });

  it.each([
    { maxFailures: 0 },
    { maxProbes: 0.5 },
    { ratio: { maxFailureRatio: 0 } },
    { ratio: { maxFailureRatio: 1.1 } },
    { ratio: { minCalls: 0 } },
    { ratio: { windowMs: 0 } },
    { coolDownMs: 0 },
    { coolDownMs: 10, maxCoolDownMs: 9 },
  ] satisfies CircuitOptions[])('refuses %o', (options) => {
    expect(() => circuit(options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
