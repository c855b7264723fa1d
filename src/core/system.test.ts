import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fallback, retry, timeout } from '../resilience/index.js';
import { testRun } from '../testing/index.js';
import {
  branch,
  createRun,
  loop,
  map,
  parallel,
  PipewrightError,
  pipe,
  type Run,
  route,
  type Step,
  sleep,
  stream,
  tap,
} from './index.js';

const overloaded = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
const gone = new Error('gone');

const unhandled: unknown[] = [];
const warnings: Error[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);
const onWarning = (warning: Error): void => void warnings.push(warning);
beforeEach(() => {
  unhandled.length = 0;
  warnings.length = 0;
  process.on('unhandledRejection', onUnhandled);
  process.on('warning', onWarning);
});
afterEach(async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  process.off('unhandledRejection', onUnhandled);
  process.off('warning', onWarning);
  expect(unhandled).toEqual([]);
});

describe('Q01 one signal for many calls', () => {
  it('Q01 1,000 mixed calls, streams and retries leave its listeners as they were and cause no warning', async () => {
    const control = new AbortController();
    const own = (): void => undefined;
    control.signal.addEventListener('abort', own);
    const work = async (n: number, run: Run): Promise<number> => sleep(1, run).then(() => n);
    const flaky = (): ((n: number, run: Run) => Promise<number>) => {
      let calls = 0;
      return async (n, run) => {
        calls += 1;
        if (calls === 1) throw overloaded;
        return work(n, run);
      };
    };
    const kinds: readonly (() => Promise<unknown>)[] = [
      () => pipe(work, work)(1, createRun({ signal: control.signal })),
      () => retry(flaky(), { initialDelayMs: 1 })(1, createRun({ signal: control.signal })),
      () => timeout(work, { totalMs: 5_000, firstTextMs: 5_000 })(1, createRun({ signal: control.signal })),
      () => fallback(flaky(), work)(1, createRun({ signal: control.signal })),
      () =>
        map(work, { concurrency: 20 })(
          Array.from({ length: 20 }, (_, n) => n),
          createRun({ signal: control.signal }),
        ),
      () => parallel({ a: work, b: retry(flaky(), { initialDelayMs: 0 }) })(1, createRun({ signal: control.signal })),
      () => stream(pipe(work, work), 1, { signal: control.signal }).result,
      async () => {
        const watched = stream(work, 1, { signal: control.signal });
        for await (const _ of watched) break;
        await watched.result.catch(() => undefined);
      },
    ];
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => kinds[index % kinds.length]?.()));
    expect(getEventListeners(control.signal, 'abort')).toEqual([own]);
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });

  it('Q01 steps may listen in any number on the signal they are given by a combinator', async () => {
    const listens = (n: number, run: Run): Promise<number> =>
      new Promise((resolve) => {
        const stop = (): void => undefined;
        run.signal.addEventListener('abort', stop);
        setImmediate(() => {
          run.signal.removeEventListener('abort', stop);
          resolve(n);
        });
      });
    await map(listens, { concurrency: 100 })(Array.from({ length: 100 }, (_, n) => n));
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });
});

describe('Q02 an abort inside a tool', () => {
  it.each([
    [
      'throws something else',
      (): never => {
        throw new Error('the tool broke off');
      },
    ],
    ['ignores it', (): string => 'tool result'],
  ])('Q02 when the tool %s the call rejects with the reason and no model is called again', async (_, end) => {
    const { run, abort } = testRun();
    let modelCalls = 0;
    const model = (messages: readonly string[]): readonly string[] => {
      modelCalls += 1;
      return messages;
    };
    const tool = async (messages: readonly string[]): Promise<readonly string[]> => {
      abort(gone);
      return [...messages, end()];
    };
    const turn = pipe(retry(model), tool);
    const agent = loop(fallback(turn, model), { until: () => false, maxRounds: 5 });
    await expect(timeout(retry(agent, { shouldRetry: () => true }), { totalMs: 1_000 })(['hi'], run)).rejects.toBe(
      gone,
    );
    expect(modelCalls).toBe(1);
  });
});

type Part = (n: number, run: Run) => number | Promise<number>;
const apis: readonly (readonly [string, (part: Part) => Step<number, unknown>])[] = [
  ['pipe', (part) => pipe((n: number) => n, part)],
  ['parallel', (part) => parallel({ a: part, b: part, c: async (n: number, run) => sleep(5, run).then(() => n) })],
  ['map', (part) => pipe((n: number) => [n, n, n], map(part, { concurrency: 2 }))],
  ['branch', (part) => branch(() => true, part)],
  ['route', (part) => route(() => 'a' as const, { a: part })],
  ['loop', (part) => loop(part, { until: () => false, maxRounds: 3 })],
  ['tap', (part) => tap(part)],
  ['retry', (part) => retry(part, { initialDelayMs: 1, maxAttempts: 2 })],
  ['timeout', (part) => timeout(part, { totalMs: 50, firstTextMs: 40, betweenTextMs: 40 })],
  ['fallback', (part) => fallback(part, part)],
];
const endings: readonly (readonly [string, Part])[] = [
  [
    'a synchronous throw',
    () => {
      throw overloaded;
    },
  ],
  [
    'a failure in mid-stream',
    async (_, run) => {
      run.emit({ type: 'text-delta', text: 'Half' });
      await sleep(1, run);
      throw overloaded;
    },
  ],
  ['an abort that it hears', async (n, run) => sleep(60_000, run).then(() => n)],
  [
    'an abort that it does not hear',
    async (n) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return n;
    },
  ],
];

describe.each(apis)('Q10 %s', (_, wrap) => {
  it.each(endings)(
    'Q10 ends after %s, called, streamed, read or not, without an unhandled rejection',
    async (ending, part) => {
      const control = new AbortController();
      const options = { signal: control.signal };
      const unread = stream(wrap(part), 1, options);
      const settled = Promise.allSettled([
        wrap(part)(1, createRun(options)),
        unread.result,
        (async () => {
          for await (const text of stream(wrap(part), 1, options).text) if (text === '') break;
        })(),
        stream(wrap(part), 1, options).toResponse().text(),
      ]);
      if (ending.startsWith('an abort')) setTimeout(() => control.abort(gone), 5);
      const [call, result, , response] = await settled;
      expect([call?.status, result?.status, response?.status]).toEqual(['rejected', 'rejected', 'fulfilled']);
      if (ending.startsWith('an abort')) expect(call).toMatchObject({ reason: gone });
      expect(response).toMatchObject({ value: expect.stringContaining('"type":"error"') });
      expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    },
  );
});

describe('Q07 pipelines that are made, used and dropped', () => {
  it('Q07 10,000 of them leave the heap as it was', { timeout: 120_000 }, async () => {
    const entry = `
      import { createRun, map, parallel, pipe, stream } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
      import { fallback, retry, timeout } from ${JSON.stringify(new URL('../resilience/index.ts', import.meta.url).href)};
      const signal = new AbortController().signal;
      const once = async (index) => {
        const model = async (text, run) => { run.emit({ type: 'text-delta', text }); return text; };
        const ask = pipe((text) => [text], map(retry(model)), (all) => all[0], parallel({ a: timeout(fallback(model, model), { totalMs: 60000 }), b: (text) => text }));
        await ask('x'.repeat(1000) + index, createRun({ signal, budget: { maxTokens: 10 } }));
        for await (const event of stream(ask, 'y', { signal })) if (event.type === 'text-delta' && index % 2) break;
      };
      const round = async (count) => { for (let index = 0; index < count; index++) await once(index); global.gc(); await new Promise(setImmediate); global.gc(); return process.memoryUsage().heapUsed; };
      await round(2000);
      const before = await round(1000);
      const after = await round(10000);
      console.log(JSON.stringify({ before, after }));`;
    const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '-'];
    const child = promisify(execFile)(process.execPath, args, {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    child.child.stdin?.end(entry);
    const { before, after } = JSON.parse((await child).stdout) as { before: number; after: number };
    expect(after - before).toBeLessThan(500_000);
  });
});
