import { describe, expect, it } from 'vitest';
import { createRun, noUsage, pipe, type Run } from '../core/index.js';
import {
  chatModel,
  type ChatModel,
  metered,
  type ModelPrice,
  priceOf,
  priceTable,
  type PriceTable,
  pricesKey,
} from './index.js';

const own: PriceTable = {
  ...priceTable,
  'our-model': { price: { input: 1, output: 2 }, limits: {}, source: 'https://example.com', seenOn: '2026-11-20' },
  'gpt-5-mini': { price: { input: 1_000, output: 0 }, limits: {}, source: 'https://example.com', seenOn: '2026-11-20' },
};
const usage = { inputTokens: 1_000_000, outputTokens: 500_000 };

const model = (name: string, price?: ModelPrice): ChatModel =>
  chatModel({
    id: `test:${name}`,
    model: name,
    provider: 'test',
    features: {},
    limits: {},
    ...(price === undefined ? {} : { price }),
    stream: async function* () {
      yield { type: 'usage', usage };
      yield { type: 'finish', reason: 'stop' };
    },
  });
const runWith = (on?: (costUsd: number | undefined) => void): Run =>
  createRun({
    values: new Map([[pricesKey, own]]),
    budget: { maxCostUsd: 100 },
    ...(on === undefined ? {} : { on: (event) => event.type === 'usage' && on(event.costUsd) }),
  });

describe('the prices of a run', () => {
  it('hold for every model called with it: in the budget, the reply, the event and the sum', async () => {
    const told: (number | undefined)[] = [];
    const run = runWith((costUsd) => told.push(costUsd));
    const ask = pipe(model('our-model'), ({ costUsd }) => costUsd);
    expect(await ask('Hi', run)).toBe(2);
    expect([told, run.meter.spent.costUsd]).toEqual([[2], 2]);
    await expect(ask('Hi', createRun({ budget: { maxCostUsd: 100 } }))).rejects.toMatchObject({
      code: 'price-unknown',
    });
  });

  it('take the place of the table, but not of a price that was set for the model', async () => {
    const free = createRun({ values: new Map([[pricesKey, own]]) });
    expect((await model('gpt-5-mini')('Hi', free)).costUsd).toBe(1_000);
    expect((await model('gpt-5-mini', { input: 3, output: 0 })('Hi', free)).costUsd).toBe(3);
  });

  it('are those of the server first, where several serve the model at prices of their own', async () => {
    const at = (provider: string): Promise<number | undefined> =>
      chatModel({
        ...{ id: `${provider}:openai/gpt-oss-120b`, model: 'openai/gpt-oss-120b', provider, features: {}, limits: {} },
        stream: async function* () {
          yield { type: 'usage', usage };
          yield { type: 'finish', reason: 'stop' };
        },
      })('Hi').then(({ costUsd }) => costUsd);
    expect(await at('groq')).toBeCloseTo(0.15 + 0.5 * 0.6, 12);
    expect(await at('together')).toBeUndefined();
  });

  it('hold for calls that are no chat, too', async () => {
    const costOf = async (id: string, price: ModelPrice | undefined) => {
      const run = createRun({ values: new Map([[pricesKey, own]]) });
      await metered(run, { id, price, estimate: () => noUsage }, async () => ({ value: 1, usage }));
      return run.meter.spent.costUsd;
    };
    expect(await costOf('test:our-model', undefined)).toBe(2);
    expect(await costOf('test:gpt-5-mini', priceOf('gpt-5-mini'))).toBe(1_000);
    expect(await costOf('test:gpt-5-mini', { input: 3, output: 0 })).toBe(3);
  });
});
