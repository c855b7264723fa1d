import { describe, expect, it } from 'vitest';
import { defineStep, type Hit, type Query, queryOf, type Retriever, type Step, stream } from '../core/index.js';
import { extractive } from '../provider/extractive/index.js';
import { scripted, testRun } from '../testing/index.js';
import {
  type Answer,
  answer,
  citationCritic,
  type Critique,
  modelCritic,
  type Question,
  reflective,
  type ReflectiveOptions,
} from './index.js';

const passages: readonly Hit[] = [{ id: 'tea', score: 1, text: 'Tea is served at four in the garden.' }];
const finds = (asked: string[] = []): Retriever =>
  defineStep({ kind: 'fixed' }, async (query: Query) => {
    asked.push(queryOf(query).text);
    return passages;
  });

/** Answers with these texts in turn, and is judged with these scores, each with another query. */
const judged = (
  texts: readonly string[],
  scores: readonly number[],
  options: ReflectiveOptions = {},
): Step<Question, Answer> => {
  let round = 0;
  const critic = (): Critique => ({ score: scores[round] ?? 0, problems: ['Bad.'], betterQuery: `query ${++round}` });
  return reflective(answer(finds(), scripted(texts)), { critic, ...options });
};
const actionsOf = ({ trace }: Answer): readonly string[] => trace.map(({ action }) => action);

describe('reflective', () => {
  it('searches with a better query until the answer is good, and asks the model the same question', async () => {
    const asked: string[] = [];
    const model = scripted(['I do not know.', 'Tea is served at four [1].']);
    const result = await reflective(answer(finds(asked), model))('At what hour is tea served?');
    expect(asked).toEqual(['At what hour is tea served?', 'hour tea served']);
    for (const { messages } of model.requests)
      expect(JSON.stringify(messages)).toContain('At what hour is tea served?');
    expect(result.text).toBe('Tea is served at four [1].');
    expect(actionsOf(result)).toEqual(['search', 'answer', 'critique', 'rewrite', 'search', 'answer', 'critique']);
  });

  it('stops at once when the first answer is good', async () => {
    const model = scripted(['Tea is served at four [1].']);
    const result = await reflective(answer(finds(), model))('When is tea served?');
    expect(actionsOf(result)).toEqual(['search', 'answer', 'critique']);
    expect(result.trace.at(-1)?.score).toBe(1);
  });

  it('keeps the best of all rounds, of equals the first', async () => {
    const result = await judged(['One [1].', 'Two [1].', 'Three [1].'], [0.2, 0.5, 0.5])('When?');
    expect(result.text).toBe('Two [1].');
    expect(result.trace.at(-1)).toMatchObject({ action: 'stop', score: 0.5 });
  });

  it('does not repeat a search that was there before, whatever the critic asks for', async () => {
    const model = scripted(['I do not know.', 'Nor now.']);
    const queries = ['b', 'A  ', 'b'];
    const critic = (): Critique => ({ score: 0, problems: [], betterQuery: queries.shift() ?? '' });
    const result = await reflective(answer(finds(), model), { critic, maxRounds: 9 })('a');
    expect(model.requests).toHaveLength(2);
    expect(result.trace.at(-1)?.detail).toContain('no other query');
  });

  it('ends an endless refining at its rounds', async () => {
    let asked = 0;
    const refine = (): string => `query ${++asked}`;
    const model = scripted(['No.'], { shouldRepeat: true });
    await reflective(answer(finds(), model), { refine, maxRounds: 4 })('When?');
    expect(model.requests).toHaveLength(4);
    expect(asked).toBe(3);
  });

  it.each<[string, number[], string]>([
    ['the last', [0.1, 0.9], 'Two [1].'],
    ['an earlier one', [0.3, 0.1], 'One [1].'],
  ])('shows one answer in the end when it keeps %s', async (_, scores, text) => {
    for (const onRejected of ['retract', 'hide'] as const) {
      const ask = judged(['One [1].', 'Two [1].'], scores, { onRejected, maxRounds: 2 });
      const watched = stream(ask, 'When?');
      const shown: string[] = [];
      for await (const snapshot of watched.snapshots) shown.push(snapshot);
      expect(shown.at(-1)).toBe(text);
      expect((await watched.result).text).toBe(text);
      expect(shown.some((snapshot) => snapshot.includes('One') && snapshot.includes('Two'))).toBe(false);
      if (onRejected === 'hide') expect(shown).toEqual([text]);
    }
  });

  it('gives the best so far when the budget is used up, in the answer or in the critic', async () => {
    for (const maxCalls of [1, 2, 3]) {
      const { run, events } = testRun({ budget: { maxCalls } });
      const model = scripted(['Tea is in the garden [1].', 'Tea is at four [1].'], { shouldRepeat: true });
      const critic = modelCritic(
        scripted(['{"score":0.3,"problems":[],"betterQuery":"tea hour"}'], { shouldRepeat: true }),
      );
      const result = await reflective(answer(finds(), model), { critic, minScore: 2 })('When is tea?', run);
      expect(result.text).toContain('Tea is');
      expect(run.meter.spent.calls).toBe(maxCalls);
      expect(result.trace.at(-1)?.action).toBe('stop');
      expect(events.some(({ type }) => type === 'warning')).toBe(true);
    }
    const { run } = testRun({ budget: { maxCalls: 0 } });
    await expect(reflective(answer(finds(), scripted(['x'])))('When?', run)).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
  });

  it('withdraws what a failing round has shown', async () => {
    const model = scripted([
      'I do not know.',
      [
        { type: 'text-delta', text: 'Half' },
        { type: 'throw', error: new Error('cut') },
      ],
    ]);
    const watched = stream(reflective(answer(finds(), model)), 'When is tea served in the garden of Eden?');
    let shown = '';
    for await (const snapshot of watched.snapshots) shown = snapshot;
    expect(shown).toBe('I do not know.');
    expect((await watched.result).trace.at(-1)?.detail).toContain('cut');
  });

  it.each<[string, unknown]>([
    ['a score out of range', { score: 7, problems: [] }],
    ['no score', { score: Number.NaN, problems: [] }],
    ['problems that are none', { score: 0.5, problems: 'bad' }],
    ['nothing', undefined],
  ])('judges by the citations when the critic gives %s', async (_, critique) => {
    const { run, events } = testRun();
    const critic = () => critique as Critique;
    const result = await reflective(answer(finds(), extractive()), { critic })('When is tea served?', run);
    expect(result.trace.at(-1)).toMatchObject({ action: 'critique', score: 1 });
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
  });

  it('Q02 rejects with the reason when aborted in the critic and in the refining', async () => {
    for (const phase of ['critic', 'refine'] as const) {
      const { run, abort } = testRun();
      const model = scripted(['x'], { shouldRepeat: true });
      const options: ReflectiveOptions = {
        critic: () => {
          if (phase === 'critic') abort('enough');
          return { score: 0, problems: [] };
        },
        refine: () => {
          abort('enough');
          throw new Error('deaf');
        },
      };
      await expect(reflective(answer(finds(), model), options)('When?', run)).rejects.toBe('enough');
      expect(model.requests).toHaveLength(1);
    }
  });

  it('refuses bad options', () => {
    expect(() => reflective(answer(finds(), extractive()), { maxRounds: 0 })).toThrow(/maxRounds/);
    expect(() => reflective(answer(finds(), extractive()), { minScore: Number.NaN })).toThrow(/minScore/);
  });
});

describe('critics', () => {
  it('count claims that hold and words that the answer lacks', async () => {
    const model = scripted(['Tea is served at four in the garden [1]. The cake costs nine euros [1].']);
    const question = 'When is tea served, and what does the cake of Anna cost?';
    const result = await answer(finds(), model)(question);
    const { score, problems, betterQuery } = await citationCritic()({ question, answer: result });
    expect(score).toBeGreaterThan(0.2);
    expect(score).toBeLessThan(0.5);
    expect(problems).toHaveLength(2);
    expect(betterQuery).toBe('anna');
  });

  it('ask a model once more when its reply is no critique, and are not shown', async () => {
    const good = '{"score":0.4,"problems":["Too short."],"betterQuery":" tea "}';
    const model = scripted(['Well, I like it. 9 of 10!', good], { features: { jsonSchema: false, tools: false } });
    const result = await answer(finds(), extractive())('When is tea served?');
    const { run, events } = testRun();
    const critique = await modelCritic(model)({ question: 'When is tea served?', answer: result }, run);
    expect(critique).toEqual({ score: 0.4, problems: ['Too short.'], betterQuery: 'tea' });
    expect(events.some(({ type }) => type === 'text-delta')).toBe(false);
    expect(run.meter.spent.calls).toBe(2);
    const prose = modelCritic(scripted(['Fine.'], { shouldRepeat: true }));
    await expect(prose({ question: 'When?', answer: result })).rejects.toMatchObject({ code: 'output-invalid' });
  });
});
