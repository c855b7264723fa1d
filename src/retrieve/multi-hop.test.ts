import { describe, expect, it } from 'vitest';
import { inspect, type Query, queryOf } from '../core/index.js';
import { scripted, testRun } from '../testing/index.js';
import { multiHop, planLevels, planQuery, type QueryPlan, retriever, runPlan } from './index.js';

const part = (id: string, question: string, ...needs: readonly string[]) => ({ id, question, needs });
const planOf = (...parts: readonly ReturnType<typeof part>[]): QueryPlan => ({ question: 'q', analysis: '', parts });
const draft = (...parts: readonly ReturnType<typeof part>[]): string => JSON.stringify({ analysis: 'two hops', parts });

const founders = draft(part('a', 'Who founded Acme?'), part('b', 'When was {a} born?', 'a'));
const notes = [
  { id: 'acme', text: 'Acme was founded by Ada Stone.' },
  { id: 'stone', text: 'Ada Stone was born in 1950.' },
];
const asked: Query[] = [];
const search = retriever((query) => {
  asked.push(query);
  return notes.map((note) => ({ ...note, score: query.text.includes('Stone') === (note.id === 'stone') ? 2 : 1 }));
});

describe('planLevels', () => {
  it('puts parts into levels by what they wait for', () => {
    const plan = planOf(part('c', '{a} or {b}?', 'a', 'b'), part('a', 'a?'), part('b', 'b?'), part('d', '{c}?', 'c'));
    expect(planLevels(plan).map((level) => level.map(({ id }) => id))).toEqual([['a', 'b'], ['c'], ['d']]);
  });

  it.each([
    ['an id that is no part', planOf(part('a', 'x?', 'z')), 'needs `z`, which is no part'],
    ['a placeholder that is not among the needs', planOf(part('a', 'x?'), part('b', '{a}?')), '{a} in its question'],
    ['a cycle', planOf(part('a', '{b}?', 'b'), part('b', '{a}?', 'a'), part('c', 'c?')), 'wait for each other: a, b.'],
    ['a part that waits for itself', planOf(part('a', '{a}?', 'a')), 'wait for each other: a.'],
    ['the same id twice', planOf(part('a', 'x?'), part('a', 'y?')), 'same id'],
    ['no parts', planOf(), 'no parts'],
    ['a part without a question', planOf(part('a', ' ')), 'asks nothing'],
  ])('rejects %s', (_, plan, message) => {
    expect(() => planLevels(plan)).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => planLevels(plan)).toThrow(message);
  });
});

describe('planQuery', () => {
  it('gives the plan of the model, with needs that it forgot to list', async () => {
    const model = scripted([draft(part('a', 'Who founded Acme?'), part('b', 'When was {a} born?'))]);
    const plan = await planQuery(model)('When was the founder of Acme born?');
    expect(plan).toMatchObject({ question: 'When was the founder of Acme born?', analysis: 'two hops' });
    expect(plan.parts[1]).toEqual(part('b', 'When was {a} born?', 'a'));
  });

  it.each([
    ['a cycle', draft(part('a', '{b}?', 'b'), part('b', '{a}?', 'a')), 'wait for each other'],
    ['an unknown id', draft(part('a', '{x}?')), 'which is no part'],
    ['too many parts', draft(part('a', 'a?'), part('b', 'b?'), part('c', 'c?')), '2 are allowed'],
    ['another form', '{"parts": "none"}', 'must be a list'],
  ])('shows the model what is wrong with %s, once', async (_, wrong, issue) => {
    const model = scripted([wrong, founders]);
    expect((await planQuery(model, { maxParts: 2 })('x')).parts).toHaveLength(2);
    expect(JSON.stringify(model.requests[1]?.messages)).toContain(issue);
    const stubborn = scripted([wrong, wrong, wrong]);
    await expect(planQuery(stubborn, { maxParts: 2 })('x')).rejects.toMatchObject({ code: 'output-invalid' });
    expect(stubborn.requests).toHaveLength(2);
  });

  it('shows nothing of what the model writes', async () => {
    const { run, events } = testRun();
    await planQuery(scripted([founders]))('x', run);
    expect(events.some(({ type }) => type === 'text-delta')).toBe(false);
    expect(events.some(({ type }) => type === 'usage')).toBe(true);
  });
});

describe('runPlan', () => {
  const plan = planOf(part('a', 'a?'), part('b', 'b?'), part('c', '{a} and {b}?', 'a', 'b'));

  it('asks the parts of a level at once, and fills in the answers for the next', async () => {
    const started: string[] = [];
    let release = (): void => undefined;
    const bothStarted = new Promise<void>((resolve) => (release = resolve));
    const ask = async ({ id, question }: { id: string; question: string }) => {
      started.push(question);
      if (started.length === 2) release();
      await bothStarted;
      return `${id.toUpperCase()} `.repeat(200);
    };
    const results = await runPlan(ask)(plan);
    expect(started.slice(0, 2)).toEqual(['a?', 'b?']);
    expect(started[2]).toMatch(/^A A .* and B B .*\?$/u);
    expect(started[2]?.length).toBeLessThan(610);
    expect(results.map(({ id, level }) => [id, level])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 1],
    ]);
  });

  it('has no more parts under way than allowed', async () => {
    let underWay = 0;
    let most = 0;
    const ask = async () => {
      most = Math.max(most, ++underWay);
      await Promise.resolve();
      underWay--;
      return 'x';
    };
    await runPlan(ask, { concurrency: 2 })(planOf(...'abcdef'.split('').map((id) => part(id, `${id}?`))));
    expect(most).toBe(2);
  });

  it('tells a part what it waited for, and whether others wait for it', async () => {
    const seen: unknown[] = [];
    const ask = ({ id, isNeeded, needs }: { id: string; isNeeded: boolean; needs: readonly { output: number }[] }) => {
      seen.push([id, isNeeded, needs.map(({ output }) => output)]);
      return id.charCodeAt(0);
    };
    await runPlan<number>(ask)(plan);
    expect(seen).toEqual([
      ['a', true, []],
      ['b', true, []],
      ['c', false, [97, 98]],
    ]);
  });

  it('rejects a plan that cannot be run before anything is asked, and with what a part throws', async () => {
    let calls = 0;
    const ask = () => {
      calls++;
      throw new Error('no answer');
    };
    await expect(runPlan(ask)(planOf(part('a', '{a}?', 'a')))).rejects.toMatchObject({ code: 'bad-input' });
    expect(calls).toBe(0);
    await expect(runPlan(ask)(plan)).rejects.toThrow('no answer');
  });

  it('starts no further level once the run is aborted', async () => {
    const { run, abort } = testRun();
    const started: string[] = [];
    const ask = ({ id }: { id: string }) => {
      started.push(id);
      abort('gone');
      return 'x';
    };
    await expect(runPlan(ask)(plan, run)).rejects.toBe('gone');
    expect(started).toEqual(['a']);
  });
});

describe('multiHop', () => {
  const question = 'When was the founder of Acme born?';

  it('searches for the parts with the answers of those before, and fuses what it finds', async () => {
    asked.length = 0;
    const model = scripted([founders, '{"answer": "Ada Stone"}']);
    const { run, events } = testRun();
    const hits = await multiHop(search, model)({ text: question, k: 2, filter: { $not: { a: 1 } } }, run);
    expect(asked.map((query) => queryOf(query).text)).toEqual([
      question,
      'Who founded Acme?',
      'When was Ada Stone born?',
    ]);
    expect(asked.every((query) => queryOf(query).filter !== undefined)).toBe(true);
    expect(hits.map(({ id }) => id)).toEqual(['acme', 'stone']);
    expect(hits[0]?.score).toBeCloseTo(2 / 61 + 1 / 62);
    expect(events).toContainEqual(expect.objectContaining({ type: 'custom', name: 'query-plan' }));
    expect(JSON.stringify(model.requests[1]?.messages)).toContain('"type":"source"');
  });

  it('is a plain search when the question is one part, or when planning fails, with a warning', async () => {
    const single = scripted([draft(part('a', question))]);
    expect((await multiHop(search, single)(question))[0]?.score).toBe(2);
    const { run, events } = testRun();
    const broken = scripted(['no plan', 'none either']);
    expect((await multiHop(search, broken)(question, run)).map(({ score }) => score)).toEqual([2, 1]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('Planning the search failed') }),
    );
    await expect(multiHop(search, scripted(['no', 'no']), { onFailure: 'fail' })(question)).rejects.toMatchObject({
      code: 'output-invalid',
    });
  });

  it('goes on without the answer of a part that cannot be read, and refuses a plan of too many parts', async () => {
    asked.length = 0;
    await multiHop(search, scripted([founders]))(question);
    expect(queryOf(asked[2] ?? '').text).toBe('When was  born?');
    const { run, events } = testRun();
    const planner = () => planOf(part('a', 'a?'), part('b', 'b?'));
    await multiHop(search, scripted([]), { planner, maxParts: 1 })(question, run);
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning' }));
  });

  it('rejects when the retriever fails', async () => {
    const failing = retriever(() => Promise.reject(new Error('no index')));
    await expect(multiHop(failing, scripted([founders]))(question)).rejects.toThrow('no index');
  });

  it('shows its parts', () => {
    expect(inspect(multiHop(search, scripted([]))).children.map(({ label, kind }) => [label, kind])).toEqual([
      ['planner', 'planner'],
      ['reader', 'reader'],
      ['retriever', 'retriever'],
    ]);
  });
});
