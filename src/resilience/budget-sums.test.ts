import { describe, expect, it } from 'vitest';
import {
  addUsage,
  createRun,
  noUsage,
  parallel,
  pipe,
  PipewrightError,
  type Run,
  type RunEvent,
  stream,
  type Usage,
} from '../core/index.js';
import { scripted, type ScriptTurn, testRun } from '../testing/index.js';
import { bulkhead, cache, circuitBreaker, fallback, hedge, retry, semanticCache, timeout } from './index.js';
import { localEmbedder } from '../model/index.js';

const price = { input: 1_000, output: 10_000 };
const told = (inputTokens: number, outputTokens: number): ScriptTurn => [
  { type: 'text-delta', text: 'Hello there, how are you?' },
  { type: 'usage', usage: { inputTokens, outputTokens, cachedInputTokens: 2, reasoningTokens: 1 } },
  { type: 'finish', reason: 'stop' },
];
const busy = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
const refuses: ScriptTurn = [{ type: 'throw', error: busy }];
const breaks: ScriptTurn = [
  { type: 'text-delta', text: 'Hello there, how' },
  { type: 'throw', error: new PipewrightError('connection-lost', 'Cut.', { retryable: true }) },
];
const slow: ScriptTurn = [
  { type: 'text-delta', text: 'Well, ' },
  { type: 'wait', ms: 1_000 },
  { type: 'finish', reason: 'stop' },
];

const sumOf = (
  events: readonly RunEvent[],
): { readonly usage: Usage; readonly costUsd: number; readonly calls: number } =>
  events.reduce(
    (sum, event) =>
      event.type === 'usage'
        ? { usage: addUsage(sum.usage, event.usage), costUsd: sum.costUsd + (event.costUsd ?? 0), calls: sum.calls + 1 }
        : sum,
    { usage: noUsage, costUsd: 0, calls: 0 },
  );
const expectSums = (run: Run, events: readonly RunEvent[]) => {
  const { usage, costUsd, calls } = sumOf(events);
  const { spent } = run.meter;
  expect(usage).toEqual(spent.usage);
  expect(costUsd).toBeCloseTo(spent.costUsd, 12);
  expect(calls).toBe(spent.calls);
};
const model = (turns: readonly ScriptTurn[], id = 'm') => scripted(turns, { id, price });

describe('Q18 the usage events of a run sum up to what its meter has spent', () => {
  it.each<[string, () => (input: string, run: Run) => Promise<unknown>, readonly [number, number]]>([
    ['a plain call', () => model([told(10, 5)]), [10, 5]],
    [
      'a retry after a refusal, which costs nothing',
      () => retry(model([refuses, told(10, 5)]), { initialDelayMs: 0 }),
      [10, 5],
    ],
    ['a fallback', () => fallback(model([refuses]), model([told(7, 3)], 'b')), [7, 3]],
    ['a cache: the first call pays', () => pipe(cache(model([told(10, 5)])), () => 'Hi'), [10, 5]],
    ['parallel calls', () => parallel({ a: model([told(10, 5)]), b: model([told(1, 2)]) }), [11, 7]],
    ['a circuit and a bulkhead', () => circuitBreaker(bulkhead(model([told(10, 5)]))), [10, 5]],
  ])('through %s', async (_, make, [inputTokens, outputTokens]) => {
    const { run, events } = testRun();
    await make()('Hi', run);
    expect(run.meter.spent.usage).toMatchObject({ inputTokens, outputTokens });
    expectSums(run, events);
    const unwatched = createRun();
    await make()('Hi', unwatched);
    expect(unwatched.meter.spent).toEqual(run.meter.spent);
  });

  it('through a cache: a hit, a shared call and a semantic hit spend nothing', async () => {
    const exact = cache(model([told(10, 5)]));
    const like = semanticCache(model([told(10, 5)]), { embedder: localEmbedder(), threshold: 0.7 });
    const { run, events } = testRun();
    const replies = await Promise.all([exact('Hi', run), exact('Hi', run)]);
    replies.push(await exact('Hi', run));
    for (const text of ['How do I get a refund?', 'How can I get a refund?']) replies.push(await like(text, run));
    expect(run.meter.spent).toMatchObject({ calls: 2, usage: { inputTokens: 20, outputTokens: 10 } });
    expectSums(run, events);
    // What a reply took when it was made stays as it was.
    for (const { usage } of replies) expect(usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
  });

  it('through a hedge, with the try that lost', async () => {
    const { run, events, clock } = testRun();
    const call = hedge(model([slow, told(10, 5)]), { afterMs: 100 })('Hi', run);
    await clock.advance(2_000);
    await call;
    expectSums(run, events);
  });
});

describe('Q19 what was delivered is paid, whatever became of the call', () => {
  const partsOf = (events: readonly RunEvent[]) =>
    events.flatMap((event) => (event.type === 'usage' ? [event.usage] : []));

  it('a reply that broke before a retry is in the sum, marked as estimated', async () => {
    const { run, events } = testRun();
    await retry(model([breaks, told(10, 5)]), { initialDelayMs: 0 })('Hi', run);
    const [broken, whole] = partsOf(events);
    expect(broken).toMatchObject({ isEstimated: true });
    expect(broken?.outputTokens).toBeGreaterThanOrEqual(3);
    expect(whole?.isEstimated).toBeUndefined();
    expectSums(run, events);
  });

  it.each([
    ['a time-out', (step: ReturnType<typeof model>) => timeout(step, { totalMs: 500 })],
    ['a caller who leaves a cached call', (step: ReturnType<typeof model>) => cache(step)],
  ])('a reply cut by %s', async (name, decorated) => {
    const { run, events, clock, abort } = testRun();
    const call = decorated(model([slow]))('Hi', run);
    const settled = call.catch((error) => error);
    await clock.advance(500);
    if (name.includes('caller')) abort('gone');
    await settled;
    await clock.advance(0);
    expect(partsOf(events)).toMatchObject([{ isEstimated: true }]);
    expect(run.meter.spent.usage.outputTokens).toBeGreaterThanOrEqual(1);
    expectSums(run, events);
  });

  it('a stream that its reader left', async () => {
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    for await (const _ of stream(model([[{ type: 'text-delta', text: 'Hello there' }, { type: 'stall' }]]), 'Hi', {
      run,
    }).text)
      break;
    await new Promise(setImmediate);
    expect(run.meter.spent.usage).toMatchObject({ isEstimated: true });
    expect(run.meter.spent.usage.outputTokens).toBeGreaterThanOrEqual(2);
    expectSums(run, events);
  });
});
