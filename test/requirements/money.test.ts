import { describe, expect, it } from 'vitest';
import {
  createRun,
  isPipewrightError,
  PipewrightError,
  type RunEvent,
  sleep,
  type Store,
  stream,
} from '../../src/core/index.js';
import { type ChatModel, type ChatRequest, estimateRequestTokens } from '../../src/model/index.js';
import {
  balance,
  budget,
  budgetPool,
  bulkhead,
  cache,
  fallback,
  hedge,
  resilient,
  retry,
  timeout,
} from '../../src/resilience/index.js';
import { memoryStore } from '../../src/store/index.js';
import { badServer, type ScriptAction, scripted } from '../../src/testing/index.js';
import { chatApis, sending } from './providers.js';

const price = { input: 1, output: 10 };
const reply = (inputTokens: number, outputTokens: number): readonly ScriptAction[] => [
  { type: 'text-delta', text: 'Hello' },
  { type: 'usage', usage: { inputTokens, outputTokens } },
  { type: 'finish', reason: 'stop' },
];
const busy = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });

/** Figures of all usage events, which must be those of the meter. */
const sumOf = (
  events: readonly RunEvent[],
): { readonly tokens: number; readonly costUsd: number; readonly calls: number } => {
  const usages = events.flatMap((event) => (event.type === 'usage' ? [event] : []));
  return {
    tokens: usages.reduce((sum, { usage }) => sum + usage.inputTokens + usage.outputTokens, 0),
    costUsd: usages.reduce((sum, { costUsd = 0 }) => sum + costUsd, 0),
    calls: usages.length,
  };
};

const check = (run: ReturnType<typeof createRun>, events: readonly RunEvent[]): void => {
  const { usage, costUsd, calls } = run.meter.spent;
  const sum = sumOf(events);
  expect(sum.tokens).toBe(usage.inputTokens + usage.outputTokens);
  expect(sum.costUsd).toBeCloseTo(costUsd, 12);
  expect(sum.calls).toBe(calls);
  expect(run.meter.held).toEqual({ tokens: 0, costUsd: 0, calls: 0 });
};

describe('Q18 through a full stack', () => {
  it('Q18 retries, hedges, fallbacks, hits and targets: events, meter and what the models told are one sum', async () => {
    // Each model tells other figures in each turn; every third turn it fails after its figures, every fifth it is slow.
    let toldTokens = 0;
    const told = (turn: number): readonly ScriptAction[] => {
      const [inputTokens, outputTokens] = [100 + turn, 10 + turn];
      toldTokens += inputTokens + outputTokens;
      const actions = reply(inputTokens, outputTokens);
      if (turn % 3 === 0) return [...actions.slice(0, 2), { type: 'throw', error: busy }];
      return actions;
    };
    let turns = 0;
    const modelOf = (id: string): ChatModel => scripted([() => told(++turns)], { id, price, shouldRepeat: true });
    const stack = cache(
      fallback(
        retry(balance([modelOf('a'), modelOf('b')], { maxFailures: 1_000 }), { initialDelayMs: 0, maxAttempts: 2 }),
        bulkhead(modelOf('c'), { maxConcurrent: 100 }),
      ),
    );
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    const ask = (index: number): Promise<unknown> =>
      stack(`question ${index % 40}`, run).catch((error: unknown) => error);
    for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 60 }, (_, index) => ask(index)));
    check(run, events);
    expect(run.meter.spent.usage.inputTokens + run.meter.spent.usage.outputTokens).toBe(toldTokens);
    expect(run.meter.spent.calls).toBe(turns);
    // Equal questions came from the cache and cost nothing.
    expect(turns).toBeLessThan(120);
  });

  it('Q18 Q19 a hedge that lost, a try that timed out and a caller who left are paid once each', async () => {
    const slow: readonly ScriptAction[] = [
      { type: 'text-delta', text: 'Well, ' },
      { type: 'wait', ms: 40 },
      ...reply(7, 3),
    ];
    const ask = timeout(hedge(scripted([slow], { price, shouldRepeat: true }), { afterMs: 5, maxExtraRatio: 1 }), {
      totalMs: 100,
    });
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    await Promise.all(Array.from({ length: 20 }, () => ask('Hi', run)));
    const hasty = timeout(scripted([slow], { price, shouldRepeat: true }), { totalMs: 5 });
    await Promise.allSettled(Array.from({ length: 10 }, () => hasty('Hi', run)));
    for await (const event of stream(scripted([slow], { price }), 'Hi', { run }))
      if (event.type === 'text-delta') break;
    await sleep(20, run);
    check(run, events);
    expect(run.meter.spent.usage.isEstimated).toBe(true);
    expect(run.meter.spent.calls).toBeGreaterThanOrEqual(31);
  });
});

describe.each(chatApis)('$name', (api) => {
  it('Q18 through resilient(): refusals cost nothing, replies what they say, hits nothing', async () => {
    await using server = await badServer([
      { type: 'json', status: 503, headers: { 'retry-after-ms': '1' }, body: {} },
      sending(api),
      { type: 'json', status: 429, headers: { 'retry-after-ms': '1' }, body: {} },
      sending(api),
    ]);
    const ask = resilient(api.model(server.url), { retry: { initialDelayMs: 1 }, cache: {} });
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    for (const question of ['one', 'two', 'one', 'two']) expect((await ask(question, run)).text).toBe('Hello world');
    expect(server.requests).toHaveLength(4);
    expect(run.meter.spent.usage).toMatchObject({ inputTokens: 24, outputTokens: 6, isEstimated: false });
    check(run, events);
  });

  it('Q20 of 100 parallel calls on a budget for 10 exactly 10 reach the server', async () => {
    await using server = await badServer(sending(api, { delayMs: 5 }));
    const ask = resilient(api.model(server.url), { budget: { maxCalls: 10 }, retry: false, circuitBreaker: false });
    const run = createRun({ budget: { maxCalls: 10 } });
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => ask('Hi', run)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(server.requests).toHaveLength(10);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'budget-exceeded', retryable: false });
    }
  });
});

const request: ChatRequest = { messages: [{ role: 'user', content: 'Hi' }], maxOutputTokens: 400 };
const inputTokens = estimateRequestTokens(request, 'scripted');
/** What one call takes, which is what it holds before. */
const limits = {
  maxCostUsd: (inputTokens * price.input + 400 * price.output) / 1_000_000,
  maxTokens: inputTokens + 400,
  maxCalls: 1,
} as const;
const model = (): ChatModel =>
  scripted([[{ type: 'wait', ms: 5 }, ...reply(inputTokens, 400)]], { price, shouldRepeat: true });

describe('Q20 100 parallel calls on a budget for 10', () => {
  it.each(Object.entries(limits))('Q20 %s of a run, through resilient(): exactly 10 admitted', async (limit, each) => {
    const run = createRun({ budget: { [limit]: each * 10 } });
    const ask = resilient(model());
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => ask(request, run)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ details: { budget: { limit } } });
    }
    expect(run.meter.spent.calls).toBe(10);
    await expect(ask(request, run)).rejects.toMatchObject({ code: 'budget-exceeded' });
  });

  const stores: readonly (readonly [string, () => { readonly store?: Store }])[] = [
    ['in memory', () => ({})],
    ['in a store', () => ({ store: memoryStore() })],
  ];
  for (const [place, storeOf] of stores) {
    it.each(Object.entries(limits))(
      `Q20 %s of a pool ${place}: exactly 10 admitted, from two processes`,
      async (limit, each) => {
        const { store } = storeOf();
        const pools = Array.from({ length: store === undefined ? 1 : 2 }, () =>
          budgetPool({ [limit]: each * 10, ...(store === undefined ? {} : { store }) }),
        );
        const asks = pools.map((pool) => resilient(model(), { budget: { [limit]: each, pool } }));
        const results = await Promise.allSettled(
          Array.from({ length: 100 }, async (_, index) => asks[index % asks.length]?.(request)),
        );
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
        for (const result of results) {
          if (result.status === 'fulfilled') continue;
          expect(isPipewrightError(result.reason) && result.reason.code).toBe('budget-exceeded');
        }
      },
    );
  }

  it('Q20 an unknown price is refused before the network where money is limited', async () => {
    for (const api of chatApis) {
      await using server = await badServer(sending(api));
      const ask = resilient(api.model(server.url), { budget: { maxCostUsd: 5 } });
      const outcome: unknown = await ask('Hi').catch((error: unknown) => error);
      const isKnown = ['openai', 'anthropic', 'google', 'cohere', 'ollama'].includes(api.name);
      if (!isKnown) expect([api.name, isPipewrightError(outcome) && outcome.code]).toEqual([api.name, 'price-unknown']);
      expect([api.name, server.requests.length]).toEqual([api.name, isPipewrightError(outcome) ? 0 : 1]);
    }
  });

  it('Q20 Q26 a store that fails or hangs refuses every call before it is made', async () => {
    const lost = new PipewrightError('connection-lost', 'Lost.', { retryable: true });
    const broken: Store = {
      ...memoryStore(),
      get: () => Promise.reject(lost),
      compareAndSet: () => Promise.reject(lost),
    };
    const asked = scripted(['Hello'], { price, shouldRepeat: true });
    const ask = budget(asked, { maxCalls: 1, pool: budgetPool({ maxCalls: 10, store: broken }) });
    for (let call = 0; call < 20; call += 1) await expect(ask('Hi')).rejects.toMatchObject({ retryable: true });
    expect(asked.requests).toHaveLength(0);
  });
});
