import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createRun,
  isPipewrightError,
  PipewrightError,
  type Run,
  sleep,
  stream,
  yieldToEventLoop,
} from '../../src/core/index.js';
import * as resilience from '../../src/resilience/index.js';
import { badServer, testRun } from '../../src/testing/index.js';
import { type Ask, decorators } from './decorators.js';
import { chatApis, half, sending } from './providers.js';

const unhandled: unknown[] = [];
const warnings: string[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);
const onWarning = (warning: Error): void => void warnings.push(warning.message);
beforeEach(() => {
  unhandled.length = 0;
  warnings.length = 0;
  process.on('unhandledRejection', onUnhandled);
  process.on('warning', onWarning);
});
afterEach(async () => {
  for (let turn = 0; turn < 3; turn += 1) await yieldToEventLoop();
  process.off('unhandledRejection', onUnhandled);
  process.off('warning', onWarning);
  expect(unhandled).toEqual([]);
  expect(warnings).toEqual([]);
});

const busy = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
const gone = new Error('gone');

it('Q10 is asked of every decorator: each public function of the folder is in the table', () => {
  const parts = new Set(['budgetPool', 'circuit', 'forbidRetry', 'rateLimiter']);
  const names = Object.keys(resilience).filter((name) => !parts.has(name));
  expect(Object.keys(decorators).sort()).toEqual(names.sort());
});

const endings: Readonly<Record<string, Ask>> = {
  'a synchronous throw': () => {
    throw busy;
  },
  'a throw of what is no error': async () => {
    throw undefined;
  },
  'a failure in mid-stream': async (_, run) => {
    run.emit({ type: 'text-delta', text: 'Half' });
    await sleep(1, run);
    throw busy;
  },
  'an abort that it hears': (_, run) => sleep(60_000, run).then(() => 'late'),
  'an abort in mid-stream that it does not hear': async (_, run) => {
    run.emit({ type: 'text-delta', text: 'Half' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    return 'late';
  },
  'an abort to which it throws something else': (_, run) =>
    sleep(60_000, run).then(
      () => 'late',
      () => {
        throw busy;
      },
    ),
};

describe.each(Object.entries(decorators))('Q10 %s', (_name, decorate) => {
  it.each(Object.entries(endings))('Q10 settles after %s, whoever reads, and leaves nothing', async (ending, step) => {
    const control = new AbortController();
    const options = { signal: control.signal };
    const decorated = decorate(step);
    // Inputs of different lengths, so that no cache takes one for another.
    const work: readonly Promise<unknown>[] = [
      decorated('a', createRun(options)),
      decorated('bb', createRun({ ...options, on: () => undefined })),
      stream(decorated, 'ccc', options).result,
      (async () => {
        for await (const text of stream(decorated, 'dddd', options).text) if (text === '') break;
      })(),
      stream(decorated, 'eeeee', options).toResponse().text(),
      (async () => {
        // Left at once; its result is read by nobody.
        for await (const event of stream(decorated, 'ffffff', options)) if (event.type === 'step-start') break;
      })(),
    ];
    const isAbort = ending.startsWith('an abort');
    if (isAbort) setTimeout(() => control.abort(gone), 5);
    const [call, watched, result, , response] = await Promise.allSettled(work);
    expect([call?.status, watched?.status, result?.status, response?.status]).toEqual([
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    if (isAbort) expect([call, watched, result]).toEqual(Array(3).fill({ status: 'rejected', reason: gone }));
    await sleep(25, createRun());
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
  });

  it('Q26 goes on though a listener throws or rejects at every event', async () => {
    let events = 0;
    const on = (): unknown => {
      events += 1;
      if (events % 2 === 0) throw new Error('The listener is broken.');
      return Promise.reject(new Error('The exporter is broken.'));
    };
    const answer: Ask = (input, run) => {
      run.emit({ type: 'text-delta', text: input });
      run.emit({ type: 'warning', message: 'Slow.' });
      return input;
    };
    expect(await decorate(answer)('a', createRun({ on }))).toBe('a');
    expect(events).toBeGreaterThan(0);
    for (let turn = 0; turn < 3; turn += 1) await yieldToEventLoop();
    // They are told once, as warnings of the process.
    expect(warnings.every((message) => message.includes('broken'))).toBe(true);
    warnings.length = 0;
  });
});

it('Q01 1,000 mixed calls, streams and retries through every decorator leave the listeners of one signal, and no warning', async () => {
  const control = new AbortController();
  const own = (): void => undefined;
  control.signal.addEventListener('abort', own);
  let calls = 0;
  const flaky: Ask = async (input, run: Run) => {
    calls += 1;
    run.emit({ type: 'text-delta', text: input });
    if (calls % 4 === 0) await sleep(2, run);
    if (calls % 7 === 0) throw busy;
    return input;
  };
  // One of each for many calls, and one for each call.
  const shared = Object.values(decorators).map((decorate) => decorate(flaky));
  const work = Array.from({ length: 1_000 }, async (_, index) => {
    const at = index % shared.length;
    const ask = index % 2 === 0 ? shared[at] : Object.values(decorators)[at]?.(flaky);
    if (ask === undefined) return;
    if (index % 3 === 0) return void (await stream(ask, `q${index}`, { signal: control.signal }).result);
    if (index % 11 === 0) {
      for await (const _event of stream(ask, `q${index}`, { signal: control.signal })) break;
      return;
    }
    await ask(`q${index}`, createRun({ signal: control.signal }));
  });
  const results = await Promise.allSettled(work);
  const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  // Where all have failed a fallback says so in words of its own.
  expect(failed.filter((error) => !isPipewrightError(error) || error.code !== busy.code)).toEqual([]);
  expect(calls).toBeGreaterThan(1_000);
  await sleep(10, createRun());
  expect(getEventListeners(control.signal, 'abort')).toEqual([own]);
});

describe.each(chatApis)('$name', (api) => {
  it('Q01 100 mixed calls and streams on one signal, some aborted with it, leave no listener and no warning', async () => {
    await using server = await badServer((_request, index) => {
      if (index % 5 === 4) return { type: 'json', status: 503, headers: { 'retry-after-ms': '1' }, body: {} };
      return index >= 90 ? sending(api, { ending: 'stall' }, half(api.stream)) : sending(api);
    });
    const control = new AbortController();
    // So many tries that none is used up by the servers' fifths, in whatever order the requests arrive.
    const retry = { initialDelayMs: 1, maxAttempts: 50 };
    const ask = resilience.resilient(api.model(server.url), { retry, circuitBreaker: false });
    const run = createRun({ signal: control.signal });
    const work = Array.from({ length: 100 }, (_, index) =>
      index % 3 === 0 ? stream(ask, 'Hi', { signal: control.signal }).result : ask('Hi', run),
    );
    const settled = Promise.allSettled(work);
    await server.request(99);
    control.abort(gone);
    const results = await settled;
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.every((reason) => reason === gone)).toBe(true);
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    expect(run.meter.held.calls).toBe(0);
  });

  it('Q10 nobody reads: a reply, a refusal, a cut and an abort leave no rejection and settle', async () => {
    await using server = await badServer([
      sending(api),
      { type: 'json', status: 400, body: {} },
      sending(api, {}, half(api.stream)),
      sending(api, { ending: 'reset' }, half(api.stream)),
      { type: 'silence' },
    ]);
    const { run, abort } = testRun();
    const streams = [];
    for (let call = 0; call < 5; call += 1) {
      streams.push(stream(api.model(server.url), 'Hi', { run }));
      await server.request(call);
    }
    abort(gone);
    // Long enough for a rejection without a handler to be told.
    for (let turn = 0; turn < 5; turn += 1) await yieldToEventLoop();
    const outcomes = await Promise.allSettled(streams.map(({ result }) => result));
    expect(outcomes.at(-1)).toEqual({ status: 'rejected', reason: gone });
    expect(run.meter.held.calls).toBe(0);
  });
});
