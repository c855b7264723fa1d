import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, PipewrightError, stream, user } from '../core/index.js';
import { callsTool, type ScriptAction, scripted, testRun } from '../testing/index.js';
import {
  abstains,
  type ChatModel,
  cascade,
  fitsSchema,
  replyConfidence,
  selfAgreement,
  type SelfAgreementOptions,
} from './index.js';

const say = (text: string, probabilities: readonly number[] = [], reason: 'stop' | 'length' = 'stop') => [
  { type: 'text-delta', text } as const,
  {
    type: 'log-probs',
    tokens: probabilities.map((p) => ({ token: 'x', logProb: Math.log(p), alternatives: [] })),
  } as const,
  { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } } as const,
  { type: 'finish', reason } as const,
];
const named = (id: string, turns: readonly (string | readonly ScriptAction[])[], features = {}) =>
  scripted(turns, { id, features, price: { input: 1, output: 1 } });

describe('cascade', () => {
  it.each<[string, readonly ScriptAction[], number]>([
    ['sure tokens', say('Paris', [0.99, 0.9]), 0],
    ['an unsure token', say('Paris', [0.99, 0.2]), 1],
    ['an unsure token among many', say('Paris', [0.1, ...new Array(19).fill(0.9)]), 0],
    ['a tenth of unsure tokens', say('Paris', [0.1, 0.1, 0.1, ...new Array(17).fill(0.9)]), 1],
    ['an abstention', say('I’m not sure about this.'), 1],
    ['an answer that was cut', say('Paris is', [], 'length'), 1],
    ['an empty answer', say(''), 1],
    ['a call with broken arguments', callsTool('a', 1).map((a) => ('text' in a ? { ...a, text: '{"a": ' } : a)), 1],
    ['a whole call', callsTool('a', { a: 1 }), 0],
  ])('by itself judges %s', async (_, turn, larger) => {
    const large = named('large', ['Paris.']);
    const small = named('small', [turn]);
    await cascade([small, large])('Capital of France?');
    expect(large.requests).toHaveLength(larger);
    expect(small.requests[0]?.logProbs).toBe(0);
  });

  it('asks for log-probabilities only where they are used, and never changes what the caller asked for', async () => {
    const none = named('none', ['x', 'x'], { logProbs: false });
    await cascade([none, named('large', ['y'])])('Hi');
    const own = named('own', ['x', 'x']);
    await cascade([own, named('large', ['y'])], { confidence: () => 1 })('Hi');
    await cascade([own, named('large', ['y'])])({ messages: [user('Hi')], logProbs: 3 });
    expect([...none.requests, ...own.requests].map(({ logProbs }) => logProbs)).toEqual([undefined, undefined, 3]);
  });

  it('counts JSON that was asked for and did not come', async () => {
    const output = { type: 'json-schema', name: 'a', schema: {} } as const;
    const model = cascade([named('small', ['Sure! {"a"']), named('large', ['{"a": 1}'])]);
    expect((await model({ messages: [user('Hi')], output })).text).toBe('{"a": 1}');
  });

  it('climbs through all models by a confidence of your own, as figure or as yes and no', async () => {
    const trio = () => [named('s', ['1']), named('m', ['2']), named('l', ['3'])] as const;
    const by = (confidence: (text: string) => number | boolean) =>
      cascade(trio(), { confidence: ({ reply }) => confidence(reply.text), minConfidence: 0.6 })('Hi');
    expect((await by(() => 0.6)).text).toBe('1');
    expect((await by((text) => text === '2')).text).toBe('2');
    expect((await by(() => false)).text).toBe('3');
    expect((await by(() => Number.NaN)).text).toBe('3');
  });

  it('judges by a schema', async () => {
    const sure = fitsSchema(z.object({ eur: z.number() }));
    const model = cascade([named('s', ['{"eur": "x"}']), named('l', ['{"eur": 3}'])], { confidence: sure });
    expect((await model('Price?')).text).toBe('{"eur": 3}');
  });

  it('withdraws what was shown of an answer that it does not take', async () => {
    const watched = stream(cascade([named('s', ['I do not know.']), named('l', ['Paris is it.'])]), 'Capital?');
    const seen: string[] = [];
    for await (const text of watched.snapshots) seen.push(text);
    expect(seen).toContain('I do not know.');
    expect(seen.at(-1)).toBe('Paris is it.');
  });

  it.each([
    [['I do not know.', 'Paris is it.'], 'Paris is it.'],
    [['Rome, surely.', 'unused'], 'Rome, surely.'],
  ])('with `hide` never shows an answer that it does not take: %j', async ([first, second], expected) => {
    const small = named('s', [first ?? '']);
    const watched = stream(cascade([small, named('l', [second ?? ''])], { onRejected: 'hide' }), 'Capital?');
    let text = '';
    for await (const delta of watched.text) text += delta;
    expect(text).toBe(expected);
  });

  it('with `hide` shows the calls of an answer once it is taken', async () => {
    const { run, events } = testRun();
    await cascade([named('s', [callsTool('add', { a: 1 })]), named('l', [])], { onRejected: 'hide' })('Hi', run);
    const shown = events.filter(({ type }) => type.startsWith('tool-call'));
    expect(shown).toMatchObject([{ text: '{"a":1}' }, { type: 'tool-call', input: { a: 1 } }]);
  });

  it('Q18 counts every model that was asked: on the meter, in the reply, and in its figures', async () => {
    const large = scripted([say('Paris'), say('Rome')], { id: 'gpt-5', price: { input: 1, output: 1 } });
    const model = cascade([named('s', [say('', []), say('Rome')]), large]);
    const run = createRun();
    const first = await model('Capital of France?', run);
    expect(first.usage).toMatchObject({ inputTokens: 20, outputTokens: 10 });
    expect(first.costUsd).toBeCloseTo(30e-6, 12);
    expect(run.meter.spent).toMatchObject({ calls: 2, costUsd: first.costUsd });
    const second = await model('Capital of Italy?', run);
    expect(second.usage.inputTokens).toBe(10);
    const { levels, savedUsd } = model.stats();
    expect(levels).toMatchObject([
      { id: 's', asked: 2, taken: 1 },
      { id: 'gpt-5', asked: 1, taken: 1 },
    ]);
    // Two answers of 10 + 5 tokens at 1.25 and 10 USD a million, less the three calls.
    expect(savedUsd).toBeCloseTo(2 * (12.5e-6 + 50e-6) - 45e-6, 12);
  });

  it('says why it stopped where it did', async () => {
    const { run, events } = testRun();
    await cascade([named('s', ['I do not know.']), named('l', ['Paris'])])('Capital?', run);
    expect(events.filter(({ type }) => type === 'choice-made')).toMatchObject([
      { chosen: 'l', reason: 'confidence 0.00 of s is below 0.3' },
    ]);
  });

  it('passes over models that cannot take a request, and has the features of all', async () => {
    const small = named('s', ['x'], { images: false, citations: true });
    const large = named('l', ['a cat']);
    const model = cascade([small, large]);
    expect(model.features).toMatchObject({ images: true, citations: true });
    const image = { type: 'image', data: new Uint8Array(1) } as const;
    expect((await model([{ role: 'user', content: [image] }])).text).toBe('a cat');
    expect(small.requests).toEqual([]);
    const deaf = cascade([small, named('l', ['x'], { images: false })]);
    await expect(deaf([{ role: 'user', content: [image] }])).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('a failure, a budget or an abort ends it, and no larger model is asked', async () => {
    const down = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
    const large = named('l', ['x', 'x']);
    const failing = cascade([named('s', [[{ type: 'throw', error: down }]]), large]);
    await expect(failing('Hi')).rejects.toBe(down);
    const poor = createRun({ budget: { maxCalls: 1 } });
    await expect(cascade([named('s', ['']), large])('Hi', poor)).rejects.toMatchObject({ code: 'budget-exceeded' });
    const { run, abort } = testRun();
    const call = cascade([named('s', [[{ type: 'stall' }]]), large])('Hi', run);
    abort('gone');
    await expect(call).rejects.toBe('gone');
    expect(large.requests).toEqual([]);
  });

  it('refuses options that make no sense', () => {
    const none = [] as unknown as readonly [ChatModel];
    expect(() => cascade(none)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => cascade([named('s', [])], { minConfidence: -1 })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    expect(() => selfAgreement({ samples: 1 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('selfAgreement', () => {
  const run = async (answers: readonly (string | readonly ScriptAction[])[], options: SelfAgreementOptions = {}) => {
    const { run: outer, events } = testRun();
    const small = named('s', answers);
    const agreement = selfAgreement({ samples: answers.length, ...options });
    const model = cascade([small, named('l', ['large'])], { confidence: agreement, minConfidence: 0.5 });
    return { reply: await model('6 times 7?', outer), events, small, calls: outer.meter.spent.calls };
  };

  it('takes an answer that most further answers repeat, by their last number or their words', async () => {
    expect((await run(['It is 42.', '6 × 7 = 42', 'So 1,042?'])).reply.text).toBe('It is 42.');
    expect((await run(['It is 42.', '41', '43'])).reply.text).toBe('large');
    expect((await run(['Paris!', 'paris', 'Rome'])).reply.text).toBe('Paris!');
  });

  it('counts further answers, does not show them, and takes a failure for no agreement', async () => {
    const down: readonly ScriptAction[] = [{ type: 'throw', error: new Error('down') }];
    const { reply, events, small, calls } = await run(['42', down, '42'], { temperature: 1 });
    expect(reply.text).toBe('42');
    expect(calls).toBe(3);
    expect(small.requests.map(({ temperature }) => temperature)).toEqual([undefined, 1, 1]);
    expect(events.filter(({ type }) => type === 'text-delta')).toHaveLength(1);
  });

  const file = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'reasoning/gsm8k-200.jsonl');
  it('tells right answers from wrong ones on recorded solutions of real models', () => {
    interface Question {
      readonly samples: readonly { readonly answer: string | null; readonly isCorrect: boolean }[];
    }
    const questions = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Question);
    const rightWhen = (isAgreed: boolean): number => {
      const verdicts = questions.flatMap(({ samples }) => {
        const [a, b, c, first] = samples;
        const agreeing = [a, b, c].filter((other) => other?.answer === first?.answer).length;
        return first !== undefined && agreeing > 0 === isAgreed ? [first.isCorrect] : [];
      });
      return verdicts.filter(Boolean).length / verdicts.length;
    };
    console.info(
      `right where another sample agrees ${rightWhen(true).toFixed(3)}, where none does ${rightWhen(false).toFixed(3)}`,
    );
    expect(rightWhen(true)).toBeGreaterThan(rightWhen(false) + 0.4);
  });
});

describe('abstains', () => {
  it.each([
    "I don't know the answer.",
    'I am not certain, but maybe Rome.',
    'The answer cannot be determined from the text.',
    'There is not enough information.',
    'Das weiß ich leider nicht.',
    'Je ne sais pas.',
    'Lo siento, no lo sé.',
    '我不知道。',
    'わかりません。',
  ])('knows an abstention: %s', (text) => expect(abstains(text)).toBe(true));

  it.each([
    'Paris.',
    'You know what I mean: 42.',
    'Say it if you are not sure.',
    `A story. ${'It went on and on. '.repeat(20)} "I do not know", he said.`,
  ])('leaves an answer alone: %s', (text) => expect(abstains(text)).toBe(false));

  it('is what replyConfidence goes by where there are no log-probabilities', async () => {
    const model = scripted(['I do not know.', 'Paris']);
    const request = { messages: [user('?')] };
    const run = createRun();
    const judge = async () => replyConfidence({ reply: await model(request), request, model, run });
    expect([await judge(), await judge()]).toEqual([0, 1]);
  });
});
