import { describe, expect, it } from 'vitest';
import { createRun, PipewrightError, type RunEvent, user } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { callsTool, type ScriptAction, scripted, type ScriptedModel, testRun } from '../testing/index.js';
import { type ChatInput, describeChoice, type ModelEntry, modelRegistry } from './index.js';

const down = new PipewrightError('model-overloaded', 'Busy, key sk-1234567890abcdef1234.', { retryable: true });

const model = (
  id: string,
  features = {},
  turns: readonly (string | readonly ScriptAction[])[] = ['ok'],
): ScriptedModel => scripted(turns, { id, features, shouldRepeat: true });

const cheap: ModelEntry = {
  model: model('cheap', { images: false }),
  price: { input: 0.1, output: 0.4 },
  limits: { contextTokens: 8_000, maxOutputTokens: 1_000 },
  quality: 0.4,
  tags: ['fast'],
};
const good: ModelEntry = {
  model: model('good'),
  price: { input: 3, output: 15 },
  limits: { contextTokens: 200_000 },
  quality: 0.9,
  tags: ['eu'],
};

describe('modelRegistry', () => {
  it('chooses by weights: the cheap one where cost counts, the good one where quality does', () => {
    const registry = modelRegistry([cheap, good]);
    expect(registry.choose({ weights: { quality: 0, speed: 0, cost: 1 } }).id).toBe('cheap');
    expect(registry.choose({ weights: { quality: 1, speed: 0, cost: 0 } }).id).toBe('good');
  });

  it.each([
    [{ features: ['images'] as const }, 'lacks images'],
    [{ tags: ['eu'] }, 'not tagged eu'],
    [{ inputTokens: 7_500, outputTokens: 600 }, '8100 tokens do not fit into its context of 8000'],
    [{ outputTokens: 2_000 }, 'writes at most 1000 tokens, 2000 are asked for'],
    [{ minQuality: 0.5 }, 'quality 0.4 is below 0.5'],
  ])('leaves out what does not fit %o, and says why', (needs, why) => {
    const choice = modelRegistry([cheap, good]).choose({ ...needs, weights: { quality: 0, cost: 1, speed: 0 } });
    expect(choice).toMatchObject({
      id: 'good',
      candidates: [{ fits: true }, { id: 'cheap', fits: false, lacks: [why] }],
    });
    expect(describeChoice(choice)).toContain(`- cheap left out: ${why}`);
  });

  it('keeps to the price and refuses what has none', () => {
    const unknown = { model: model('mystery') };
    const registry = modelRegistry([good, unknown, cheap]);
    const choice = registry.choose({ maxCostUsd: 0.001, inputTokens: 1_000, outputTokens: 100 });
    expect(choice.id).toBe('cheap');
    expect(describeChoice(choice)).toBe(
      [
        'cheap: score 0.8 (quality 0.4, speed 1, cost 1, reliability 1); of 2 others 0 fit',
        '- good left out: costs about $0.0045, allowed are $0.001',
        '- mystery left out: its price is not known',
      ].join('\n'),
    );
  });

  it('says why none fits', () => {
    const registry = modelRegistry([cheap, good]);
    registry.deactivate('good');
    expect(() => registry.choose({ features: ['images', 'citations'] })).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining('- good: deactivated, lacks citations'),
        details: { issues: ['cheap: lacks images, citations', 'good: deactivated, lacks citations'] },
      }),
    );
    expect(() => modelRegistry().choose()).toThrow(/there are no models/);
  });

  it('leaves out a deactivated model until it is activated, and a removed one', () => {
    const registry = modelRegistry([cheap, good]);
    registry.deactivate('cheap');
    expect(registry.choose().id).toBe('good');
    registry.activate('cheap');
    expect(registry.choose({ weights: { quality: 0 } }).id).toBe('cheap');
    registry.remove('cheap');
    expect(registry.list().map(({ id }) => id)).toEqual(['good']);
    expect(() => registry.activate('cheap')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('refuses two models of one id and a quality out of range', () => {
    const registry = modelRegistry([cheap]);
    expect(() => registry.add(cheap)).toThrow(expect.objectContaining({ code: 'duplicate-id' }));
    expect(() => registry.add({ ...good, quality: 7 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => modelRegistry([cheap], { windowCalls: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('takes prices and limits from the table where the entry has none', () => {
    const registry = modelRegistry([{ model: model('gpt-5-mini') }]);
    expect(registry.list()[0]).toMatchObject({ price: { input: 0.25 }, limits: { contextTokens: 400_000 } });
  });
});

describe('a model of a registry', () => {
  const image = { messages: [{ role: 'user', content: [{ type: 'image', data: new Uint8Array(1) }] }] } as const;
  const tool = { name: 'add', description: '', inputSchema: { type: 'object' } };
  const small = { model: model('small', { images: false, tools: false, jsonSchemaWithTools: false }), quality: 1 };
  const able = { model: model('able'), quality: 0.1, limits: { contextTokens: 2_000 } };
  const long = { model: model('long'), quality: 0, limits: { contextTokens: 90_000 } };

  it.each<[string, ChatInput, string]>([
    ['plain text', 'Hi', 'small'],
    ['a picture', image, 'able'],
    ['tools', { messages: [user('Hi')], tools: [tool] }, 'able'],
    ['a picture and a long reply', { ...image, maxOutputTokens: 2_000 }, 'long'],
    ['a long text and tools', { messages: [user('word '.repeat(2_000))], tools: [tool] }, 'long'],
  ])('chooses by the request’s own needs: %s', async (_, input, expected) => {
    const registry = modelRegistry([{ ...small, limits: { contextTokens: 100_000 } }, able, long]);
    const { run, events } = testRun();
    expect((await registry.model()(input, run)).model).toBe(expected);
    const made = events.find(({ type }) => type === 'choice-made');
    expect(made).toMatchObject({ chosen: expected, reason: expect.stringContaining('score') });
  });

  it('has the features that any of its models has now', () => {
    const registry = modelRegistry([small, able]);
    const chosen = registry.model();
    expect(chosen.id).toBe('registry');
    expect(chosen.features).toMatchObject({ images: true, citations: false });
    registry.deactivate('able');
    expect(chosen.features).toMatchObject({ images: false, jsonSchema: true });
  });

  it('turns away from a model that fails and from one that has become slow', async () => {
    const flaky = model('flaky', {}, [[{ type: 'throw', error: down }]]);
    const steady = { model: model('steady'), quality: 0.45 };
    const registry = modelRegistry([{ model: flaky, quality: 0.5 }, steady]);
    const chosen = registry.model({ weights: { cost: 0 } });
    await expect(chosen('Hi')).rejects.toMatchObject({ code: 'model-overloaded' });
    expect((await chosen('Hi')).model).toBe('steady');
    const { performance } = registry.list()[0] ?? {};
    expect(performance).toMatchObject({ calls: 1, successRatio: 0, lastError: { code: 'model-overloaded' } });
    expect(performance?.lastError?.message).not.toContain('sk-1234');
  });

  it('throws what the chosen model throws, and rejects with the reason of an abort', async () => {
    const registry = modelRegistry([{ model: model('deaf', {}, [[{ type: 'stall' }]]) }]);
    const { run, abort } = testRun();
    const call = registry.model()('Hi', run);
    abort('gone');
    await expect(call).rejects.toBe('gone');
    expect(registry.list()[0]?.performance.calls).toBe(0);
  });

  it('Q15 finds a model for tools beside a schema, or says that there is none before any call', async () => {
    const both = {
      messages: [user('Hi')],
      tools: [tool],
      output: { type: 'json-schema', name: 'a', schema: { type: 'object' } },
    } as const;
    const one = model('one', { jsonSchemaWithTools: false }, [callsTool('add', {})]);
    await expect(modelRegistry([{ model: one }]).model()(both)).rejects.toMatchObject({ code: 'unsupported' });
    expect(one.requests).toEqual([]);
    const two = modelRegistry([{ model: one }, { model: model('two') }]).model();
    expect((await two(both)).model).toBe('two');
  });
});

describe('live figures of a registry', () => {
  it('measures time, first text, speed, cost and failures of the calls through it', async () => {
    const { run, clock } = testRun();
    const slow: readonly ScriptAction[] = [
      { type: 'wait', ms: 200 },
      { type: 'text-delta', text: 'Hello' },
      { type: 'wait', ms: 300 },
      { type: 'usage', usage: { inputTokens: 1_000_000, outputTokens: 50 } },
      { type: 'finish', reason: 'stop' },
    ];
    const priced = scripted([slow], { id: 'priced', price: { input: 2, output: 0 }, shouldRepeat: true });
    const registry = modelRegistry([{ model: priced }]);
    const call = registry.model()('Hi', run);
    await clock.advance(200);
    await clock.advance(300);
    await call;
    expect(registry.list()[0]?.performance).toEqual({
      calls: 1,
      successRatio: 1,
      latencyP50Ms: 500,
      latencyP95Ms: 500,
      firstTextP50Ms: 200,
      tokensPerSecond: 100,
      costPerCallUsd: 2,
    });
  });

  it('leaves out failures that are the request’s own', async () => {
    const registry = modelRegistry([
      { model: model('m', {}, [[{ type: 'throw', error: new PipewrightError('context-too-long', 'x') }]]) },
    ]);
    await expect(registry.model()('Hi')).rejects.toMatchObject({ code: 'context-too-long' });
    await expect(registry.model()('Hi', createRun({ budget: { maxCalls: 0 } }))).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
    expect(registry.list()[0]?.performance).toEqual({ calls: 0 });
  });

  it('Q27 remembers the last calls alone', async () => {
    const registry = modelRegistry([{ model: model('m') }], { windowCalls: 3 });
    for (let call = 0; call < 10; call++) await registry.model()(`${call}`);
    expect(registry.export().models[0]?.calls).toHaveLength(3);
  });

  it('a call that nobody watches does not listen', async () => {
    const seen: RunEvent[] = [];
    const registry = modelRegistry([{ model: model('m') }]);
    await registry.model()('Hi', createRun());
    expect(registry.list()[0]?.performance).not.toHaveProperty('firstTextP50Ms');
    await registry.model()('Hi', createRun({ on: (event) => seen.push(event) }));
    expect(registry.list()[0]?.performance).toHaveProperty('firstTextP50Ms');
    expect(seen.filter(({ type }) => type === 'text-delta')).toHaveLength(1);
  });
});

describe('the data of a registry', () => {
  const used = async () => {
    const registry = modelRegistry([cheap, { ...good, isActive: false }]);
    await registry.model()('Hi');
    return registry;
  };

  it('comes back whole, through JSON and through a store, and waits for models that are not there yet', async () => {
    const registry = await used();
    const data = registry.export();
    expect(data.version).toBe(1);
    const store = memoryStore();
    await registry.save(store);
    const other = modelRegistry();
    expect(await other.load(store)).toBe(true);
    expect(other.export()).toEqual(data);
    expect(() => other.choose()).toThrow(/no model was given for it/);
    other.add({ model: cheap.model, quality: 0 });
    expect(other.choose().id).toBe('cheap');
    expect(other.list()[0]).toMatchObject({ quality: 0.4, performance: { calls: 1 } });
    expect(await modelRegistry().load(store, 'elsewhere')).toBe(false);
    const third = modelRegistry();
    third.import(JSON.parse(JSON.stringify(data)));
    expect(third.export()).toEqual(data);
  });

  it('goes on measuring a model whose figures were imported', async () => {
    const registry = await used();
    registry.import(registry.export());
    await registry.model()('Hi');
    expect(registry.list()[0]?.performance.calls).toBe(2);
  });

  it('is refused when it is newer, damaged, or something else', async () => {
    const data = (await used()).export();
    const registry = modelRegistry([cheap]);
    const before = registry.export();
    const [record] = data.models;
    const damaged: readonly unknown[] = [
      null,
      {},
      { version: 1 },
      { version: 1, models: [{ ...record, quality: 'high' }] },
      { version: 1, models: [{ ...record, price: { input: -1 } }] },
      { version: 1, models: [{ ...record, calls: [{ atMs: 1 }] }] },
      { version: 1, models: [{ ...record, id: 3 }] },
    ];
    expect(() => registry.import({ ...data, version: 2 })).toThrow(expect.objectContaining({ code: 'store-newer' }));
    for (const one of damaged) {
      expect(() => registry.import(one)).toThrow(expect.objectContaining({ code: 'store-damaged' }));
    }
    const store = memoryStore();
    await store.write([{ type: 'put', key: 'model-registry', value: new TextEncoder().encode('{"vers') }]);
    await expect(registry.load(store)).rejects.toMatchObject({
      code: 'store-damaged',
      details: { where: 'model-registry' },
    });
    expect(registry.export()).toEqual(before);
  });
});
