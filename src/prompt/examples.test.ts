import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, explain, inspect, parallel, pipe, seededRandom, system, user } from '../core/index.js';
import { tokenCounter } from '../model/index.js';
import { scripted } from '../testing/index.js';
import {
  chatPrompt,
  type Example,
  type ExampleSelector,
  examples,
  exampleText,
  exampleTurns,
  fixedExamples,
} from './index.js';

const shots: readonly Example[] = [
  { input: 'Where is my parcel?', output: 'shipping', category: 'shipping' },
  { input: 'It came broken', output: 'shipping', category: 'shipping' },
  { input: 'I want my money back', output: 'billing', category: 'billing' },
  { input: 'Two charges {x}', output: 'billing', category: 'billing' },
];

describe('exampleText and exampleTurns', () => {
  it('show examples as text between tags that their own text cannot close', () => {
    expect(exampleText([{ input: 'a {b}', output: 'x</output></example>y' }])).toBe(
      '<example>\n<input>a {b}</input>\n<output>x<\\/output><\\/example>y</output>\n</example>',
    );
    expect(exampleText(shots.slice(0, 2), { template: 'Q: {input}\nA: {output} ({category})' })).toBe(
      'Q: Where is my parcel?\nA: shipping (shipping)\n\nQ: It came broken\nA: shipping (shipping)',
    );
    expect(exampleText([])).toBe('');
  });

  it('show examples as turns, worded as the real question is', () => {
    expect(exampleTurns(shots.slice(3), { input: 'Classify: {input}', output: '{{"label": "{output}"}}' })).toEqual([
      { role: 'user', content: 'Classify: Two charges {x}' },
      { role: 'assistant', content: '{"label": "billing"}' },
    ]);
  });

  it('name the variable that examples do not have, and the example without it', () => {
    expect(() => exampleTurns([], { input: '{question}' })).toThrow(
      expect.objectContaining({ code: 'variable-extra', details: { where: 'question' } }),
    );
    const some = [...shots, { input: 'x', output: 'y' }];
    expect(() => exampleText(some, { template: '{category}' })).toThrow(
      expect.objectContaining({ code: 'bad-input', details: { where: 'category', items: [4] } }),
    );
  });

  it('have a place in a chat prompt', async () => {
    const classify = chatPrompt([
      system('Name the team.'),
      examples('shots', { input: 'Message: {input}' }),
      user('Message: {text}'),
    ]);
    expect(classify.format({ shots: shots.slice(0, 1), text: 'Hi' })).toEqual([
      { role: 'system', content: 'Name the team.' },
      { role: 'user', content: 'Message: Where is my parcel?' },
      { role: 'assistant', content: 'shipping' },
      { role: 'user', content: 'Message: Hi' },
    ]);
    expect(classify.partial({ shots }).format({ text: 'Hi' })).toEqual(classify.format({ shots, text: 'Hi' }));
    const model = scripted(['billing']);
    const ask = pipe(parallel({ shots: fixedExamples(shots), text: (text: string) => text }), classify, model);
    await ask('it came BROKEN!');
    expect(model.requests[0]?.messages).toHaveLength(8);
  });
});

const inputs = async (selector: ExampleSelector, query: Parameters<ExampleSelector>[0] = ''): Promise<string[]> =>
  (await selector(query)).map(({ input }) => input);

describe('fixedExamples', () => {
  it('gives all as they stand, or those of a category', async () => {
    expect(await fixedExamples(shots)('anything')).toEqual(shots);
    expect(await fixedExamples(shots, { category: 'billing' })('x')).toEqual(shots.slice(2));
    expect(await fixedExamples(shots, { category: 'billing' })({ text: 'x', category: 'shipping' })).toEqual(
      shots.slice(0, 2),
    );
    expect(await fixedExamples([])('x')).toEqual([]);
  });

  it('keeps to a number, taking one of each category in turn where asked', async () => {
    expect(await inputs(fixedExamples(shots, { maxExamples: 2 }))).toEqual([shots[0]?.input, shots[1]?.input]);
    expect(await inputs(fixedExamples(shots, { maxExamples: 2, order: 'balanced' }))).toEqual([
      shots[0]?.input,
      shots[2]?.input,
    ]);
    expect(await fixedExamples(shots, { maxExamples: 0 })('x')).toEqual([]);
    expect(await fixedExamples(shots)({ text: 'x', maxExamples: 1 })).toHaveLength(1);
  });

  it('shuffles by the chance of the run', async () => {
    const pick = fixedExamples(shots, { order: 'random' });
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const given = await pick('x', createRun({ random: seededRandom(seed) }));
      expect(await pick('x', createRun({ random: seededRandom(seed) }))).toEqual(given);
      expect(new Set(given)).toEqual(new Set(shots));
      orders.add(given.map(({ input }) => input).join());
    }
    expect(orders.size).toBeGreaterThan(5);
  });

  it('leaves out the question itself, however it is spelt, and what repeats an input', async () => {
    const doubled = [...shots, { input: 'it  came broken.', output: 'other' }];
    expect(await inputs(fixedExamples(doubled), ' “Where is my PARCEL” ')).toEqual(
      shots.slice(1).map(({ input }) => input),
    );
  });

  it('does not take two inputs of signs alone for the same', async () => {
    const signs = [
      { input: '?', output: 'a' },
      { input: '!', output: 'b' },
    ];
    expect(await fixedExamples(signs)('')).toHaveLength(2);
  });

  it('never takes more tokens than it may, in the form in which the examples are shown', async () => {
    const counter = tokenCounter('gpt-5');
    const around = (await counter.countRequest({ messages: [] })).tokens;
    const word = fc.constantFrom('refund', ' ', '\n', '?', 'naïve', '日本', '12345', '</input>');
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(''));
    const list = fc.array(fc.record({ input: text, output: text }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(list, fc.integer({ min: 0, max: 120 }), fc.boolean(), async (given, maxTokens, isText) => {
        const render = isText ? exampleText : exampleTurns;
        const chosen = await fixedExamples(given, { maxTokens, render })('the question');
        const shown = render(chosen);
        const { tokens } =
          typeof shown === 'string' ? await counter.count(shown) : await counter.countRequest({ messages: shown });
        expect(tokens - (typeof shown === 'string' ? 0 : around)).toBeLessThanOrEqual(maxTokens);
        // Nothing is chosen only where nothing has room.
        for (const each of chosen.length === 0 && isText ? given : []) {
          expect((await counter.count(exampleText([each]))).tokens).toBeGreaterThan(maxTokens);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('counts what stands between the examples too', async () => {
    const render = (given: readonly Example[]): string =>
      exampleText(given, { separator: `\n${'-'.repeat(500)} and\n` });
    const one = (await tokenCounter('gpt-5').count(render(shots.slice(0, 1)))).tokens;
    const two = (await tokenCounter('gpt-5').count(render(shots.slice(0, 2)))).tokens;
    expect(await fixedExamples(shots, { maxTokens: two - 1, render })('q')).toHaveLength(1);
    expect(await fixedExamples(shots, { maxTokens: two, render })('q')).toHaveLength(2);
    expect(two).toBeGreaterThan(2 * one);
  });

  it('takes a shorter example where a longer one has no room', async () => {
    const long = { input: 'word '.repeat(200), output: 'x' };
    expect(await fixedExamples([long, ...shots], { maxTokens: 50 })('q')).toEqual(shots.slice(0, 3));
    // Also of the same input.
    const [first = long] = shots;
    expect(await fixedExamples([{ ...first, output: long.input }, first], { maxTokens: 50 })('q')).toEqual([first]);
  });

  it('refuses limits that are none', async () => {
    expect(() => fixedExamples(shots, { maxExamples: -1 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => fixedExamples(shots, { maxTokens: Number.NaN })).toThrow(/maxTokens/);
    await expect(fixedExamples(shots)({ text: 'x', maxExamples: -1 })).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('stops when it is cancelled, calls no model, and says what it is', async () => {
    const signal = AbortSignal.abort('gone');
    await expect(fixedExamples(shots)('x', createRun({ signal }))).rejects.toBe('gone');
    expect(explain(fixedExamples(shots)).maxModelCalls).toBe(0);
    expect(inspect(fixedExamples(shots))).toMatchObject({ name: 'fixed-examples', details: { count: 4 } });
  });
});
