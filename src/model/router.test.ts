import { describe, expect, it } from 'vitest';
import { createRun, inspect, stream, system, user } from '../core/index.js';
import { scripted, type ScriptedModel, testRun } from '../testing/index.js';
import { type ChatModel, difficulty, priceTable, pricesKey, router } from './index.js';

const named = (id: string, features = {}, limits = {}): ScriptedModel =>
  scripted([`${id} speaking`], { id, features, limits, shouldRepeat: true });

const easy = 'Who wrote Faust?';
const hard = 'Explain why the proof fails, then compare both strategies: if x = 2 + 3, what is left after each step?';

describe('router', () => {
  it('sends easy questions to the small model and hard ones to the large one, and says why', async () => {
    const model = router([named('small'), named('large')]);
    const { run, events } = testRun();
    expect((await model(easy, run)).text).toBe('small speaking');
    expect((await model([system('Be brief.'), user(hard)], run)).text).toBe('large speaking');
    const made = events.filter(({ type }) => type === 'choice-made');
    expect(made).toMatchObject([
      { chosen: 'small', reason: expect.stringMatching(/^difficulty 0\.\d\d \(lookup -0\.\d/) },
      { chosen: 'large', reason: expect.stringContaining('reasoning +') },
    ]);
  });

  it('explains a choice without a call', () => {
    const small = named('small');
    const choice = router([small, named('large')]).explain(hard);
    expect(choice).toMatchObject({ id: 'large', passedOver: [] });
    expect(choice.signals.length).toBeGreaterThan(3);
    expect(small.requests).toEqual([]);
  });

  it('takes thresholds of your own for any number of models', () => {
    const three = [named('s'), named('m'), named('l')] as const;
    const difficulties = [easy, 'Solve x = 3.', hard].map((text) => difficulty().score(text).difficulty);
    expect(difficulties).toEqual([...difficulties].sort((a, b) => a - b));
    const chosen = (thresholds: readonly number[]) =>
      [easy, 'Solve x = 3.', hard].map((text) => router(three, { thresholds }).explain(text).id);
    expect(chosen([(difficulties[1] ?? 0) - 0.01, (difficulties[2] ?? 0) - 0.01])).toEqual(['s', 'm', 'l']);
    expect(chosen([0, 0])).toEqual(['l', 'l', 'l']);
    expect(chosen([1, 1])).toEqual(['s', 's', 's']);
  });

  it('passes over a model that cannot take the request', () => {
    const image = { type: 'image', data: new Uint8Array(1) } as const;
    const asked = [{ role: 'user', content: [{ type: 'text', text: easy }, image] }] as const;
    const up = router([named('small', { images: false }), named('large')]).explain(asked);
    expect(up).toMatchObject({ id: 'large', passedOver: [{ id: 'small', why: 'it cannot take the request' }] });
    const long = `${hard} ${'word '.repeat(3_000)}`;
    const down = router([named('small'), named('large', {}, { contextTokens: 1_000 })]).explain(long);
    expect(down).toMatchObject({ id: 'small', reason: expect.stringContaining('; not large: it cannot take') });
  });

  it('lets the largest model say what none can do', async () => {
    const deaf = router([named('small', { tools: false }), named('large', { tools: false })]);
    const tool = { name: 'a', description: '', inputSchema: {} };
    await expect(deaf({ messages: [user(easy)], tools: [tool] })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('large'),
    });
  });

  it('prefers a smaller model when the large one would take too much of the budget that is left', () => {
    const models = [named('small'), named('gpt-5')] as const;
    const call = { messages: [user(hard)], maxOutputTokens: 1_000 };
    const choiceAt = (maxCostUsd: number, maxBudgetShare = 0.5) =>
      router(models, { maxBudgetShare }).explain(call, createRun({ budget: { maxCostUsd } }));
    // 1,000 tokens of gpt-5 cost one cent.
    expect(choiceAt(0.03).id).toBe('gpt-5');
    expect(choiceAt(0.015)).toMatchObject({ id: 'small', passedOver: [{ id: 'gpt-5' }] });
    expect(choiceAt(0.015).reason).toContain('; not gpt-5: it may cost $0.01 of the $0.015 that are left');
    expect(choiceAt(0.015, 1).id).toBe('gpt-5');
    const spent = createRun({ budget: { maxCostUsd: 0.1 } });
    spent.meter.reserve({ label: 'x', tokens: 0, costUsd: 0.095 });
    expect(router(models).explain(call, spent).id).toBe('small');
    const free = { price: { input: 0, output: 0 }, limits: {}, source: '', seenOn: '2026-11-20' };
    const prices = new Map([[pricesKey, { ...priceTable, 'gpt-5': free }]]);
    expect(router(models).explain(call, createRun({ budget: { maxCostUsd: 0.001 }, values: prices })).id).toBe('gpt-5');
  });

  it('learns which questions its small model does not answer well', async () => {
    const classifier = difficulty({ learnEvery: 5 });
    const model = router([named('small'), named('large')], { difficulty: classifier });
    const about = (at: number) => `Who is number ${at}?`;
    expect(model.explain(about(0)).id).toBe('small');
    for (let at = 0; at < 40; at++) model.learn({ input: about(at), wasGood: false, id: 'small' });
    expect(model.explain(about(99)).id).toBe('large');
  });

  it('learns nothing from a good answer of a larger model, and else from the one that it would choose', () => {
    const classifier = difficulty();
    const model = router([named('small'), named('large')], { difficulty: classifier });
    model.learn({ input: hard, wasGood: true });
    model.learn({ input: easy, wasGood: true, id: 'large' });
    expect(classifier.calibration().outcomes).toBe(0);
    model.learn({ input: easy, wasGood: true });
    model.learn({ input: hard, wasGood: false });
    expect(classifier.calibration()).toMatchObject({ outcomes: 2, meanOutcome: 0.5 });
  });

  it('is a chat model: it streams, has the features of all its models, and shows them', async () => {
    const model: ChatModel = router([named('small', { citations: true, images: false }), named('large')]);
    expect(model).toHaveProperty('id', 'router(small, large)');
    expect(model.features).toMatchObject({ citations: true, images: true });
    expect(inspect(model).children).toHaveLength(2);
    let text = '';
    for await (const delta of stream(model, easy).text) text += delta;
    expect(text).toBe('small speaking');
  });

  it('rejects with the reason of an abort, and asks no model', async () => {
    const small = named('small');
    const { run, abort } = testRun();
    abort('gone');
    await expect(router([small])(easy, run)).rejects.toBe('gone');
    expect(small.requests).toEqual([]);
  });

  it.each([
    [[named('a')], { thresholds: [0.5] }],
    [[named('a'), named('b')], { thresholds: [] }],
    [[named('a'), named('b'), named('c')], { thresholds: [0.6, 0.4] }],
    [[named('a'), named('b')], { thresholds: [2] }],
    [[named('a'), named('b')], { maxBudgetShare: 0 }],
    [[], {}],
  ])('refuses options that make no sense', (models, options) => {
    const make = () => router(models as unknown as readonly [ChatModel], options);
    expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
