import { describe, expect, it } from 'vitest';
import {
  defineStep,
  explain,
  type Hit,
  type Query,
  type QueryWithOptions,
  queryOf,
  type Retriever,
} from '../core/index.js';
import { extractive } from '../provider/extractive/index.js';
import { scripted, testRun } from '../testing/index.js';
import { type Answer, corrective, type GradeInput, lexicalGrader, modelGrader } from './index.js';

const text = 'The pump is blue. It came from Oslo. Its warranty lasts three years. Nobody likes it. It hums.';
const pump: Hit = { id: 'pump', score: 3, text, place: { parentId: 'manual', start: 50 } };
const tea: Hit = { id: 'tea', score: 2, text: 'Tea is served at four.' };
const web: Hit = { id: 'web', score: 9, text: 'The warranty of a pump often lasts five years.' };
const question = 'How long does the warranty of the pump last?';

const finds = (hits: readonly Hit[], asked: QueryWithOptions[] = []): Retriever =>
  defineStep({ kind: 'fixed' }, async (query: Query) => {
    asked.push(queryOf(query));
    return hits;
  });
const gradedBy =
  (grades: Readonly<Record<string, number>>) =>
  ({ hit }: GradeInput): number =>
    grades[hit.id] ?? 0;
const idsOf = ({ sources }: Answer): readonly string[] => sources.map(({ id }) => id);
const detailsOf = ({ trace }: Answer, action: string) => trace.find((each) => each.action === action)?.detail;

describe('corrective', () => {
  it('keeps good passages, discards bad ones, and needs no model to tell them apart', async () => {
    const result = await corrective(finds([pump, tea]), extractive())(question);
    expect(idsOf(result)).toEqual(['pump']);
    expect(detailsOf(result, 'grade')).toBe('1 kept, 0 cut down to what matters, 1 discarded.');
  });

  it('cuts passages in between down to the sentences that matter, with exact places', async () => {
    const grader = gradedBy({ pump: 0.5 });
    const result = await corrective(finds([pump, tea]), extractive(), { grader })('Who has a pump with a warranty?');
    expect(result.sources.map(({ text: strip }) => strip)).toEqual([
      'The pump is blue. It came from Oslo. Its warranty lasts three years.',
    ]);
    const { place } = result.sources[0] as Hit;
    expect(place).toMatchObject({ parentId: 'manual', start: 50, end: 50 + 68 });
    expect(' '.repeat(50).concat(text).slice(place?.start, place?.end)).toBe(result.sources[0]?.text);
  });

  it('looks elsewhere only when no passage is good: beside what is left, or in its place', async () => {
    const asked: QueryWithOptions[] = [];
    const fallback = finds([web], asked);
    const cases: readonly (readonly [number, readonly string[]])[] = [
      [0.9, ['pump']],
      [0.4, ['pump@37-68', 'web']],
      [0.1, ['web']],
    ];
    for (const [grade, ids] of cases) {
      const ask = corrective(finds([pump]), extractive(), { grader: gradedBy({ pump: grade }), fallback });
      expect(idsOf(await ask({ question: 'How long does the warranty last?', k: 4, filter: { lang: 'en' } }))).toEqual(
        ids,
      );
    }
    expect(asked).toEqual(Array(2).fill({ text: 'warranty last', k: 4, filter: { lang: 'en' } }));
  });

  it('rewrites the query for the fallback, and does without where that fails or gives nothing', async () => {
    const asked: QueryWithOptions[] = [];
    const rewrites = [
      () => 'pump guarantee',
      () => '  ',
      () => {
        throw new Error('no model');
      },
    ];
    for (const rewrite of rewrites)
      await corrective(finds([]), extractive(), { fallback: finds([web], asked), rewrite })(question);
    expect(asked.map((query) => query.text)).toEqual(['pump guarantee', 'warranty pump last', 'warranty pump last']);
  });

  it('goes on without a fallback that fails where there are other passages, and fails where there are none', async () => {
    const fallback: Retriever = async () => {
      throw new Error('offline');
    };
    const { run, events } = testRun();
    const beside = corrective(finds([pump]), extractive(), { grader: () => 0.5, fallback });
    expect((await beside(question, run)).sources).toHaveLength(1);
    expect(events.some((event) => event.type === 'warning' && event.message.includes('offline'))).toBe(true);
    await expect(corrective(finds([tea]), extractive(), { fallback })(question)).rejects.toThrow('offline');
  });

  it.each<[string, () => number]>([
    ['out of range', () => 7],
    ['not a number', () => Number.NaN],
    [
      'thrown',
      () => {
        throw new Error('no grade');
      },
    ],
  ])('grades by words when a grade is %s', async (_, grader) => {
    const { run, events } = testRun();
    expect(idsOf(await corrective(finds([pump, tea]), extractive(), { grader })(question, run))).toEqual(['pump']);
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(2);
  });

  it('grades by words when the budget is used up, and asks no model beyond it', async () => {
    const { run } = testRun({ budget: { maxCalls: 2 } });
    const grader = modelGrader(scripted(['9'], { shouldRepeat: true }));
    const ask = corrective(finds([pump, tea, { ...tea, id: 'tea 2' }]), extractive(), { grader, concurrency: 1 });
    await expect(ask(question, run)).rejects.toMatchObject({ code: 'budget-exceeded' });
    expect(run.meter.spent.calls).toBe(2);
  });

  it('Q02 rejects with the reason when aborted in the grader, the rewriting and the fallback', async () => {
    for (const phase of ['grader', 'rewrite', 'fallback'] as const) {
      const { run, abort } = testRun();
      const model = scripted([]);
      const stopIn = <T>(name: string, value: T): T => {
        if (name === phase) abort('enough');
        return value;
      };
      const ask = corrective(finds([tea]), model, {
        grader: () => stopIn('grader', 0),
        rewrite: (asked) => stopIn('rewrite', asked),
        fallback: async () => stopIn('fallback', [web]),
      });
      await expect(ask(question, run)).rejects.toBe('enough');
      expect(model.requests).toHaveLength(0);
    }
  });

  it('tells what it costs: one grade for each passage, and the answer', () => {
    const model = scripted([]);
    const ask = corrective(finds([]), model, { grader: modelGrader(model), answer: { k: 5 }, rewrite: () => 'x' });
    expect(explain(ask).maxModelCalls).toBe(6);
    expect(explain(ask).text).toContain('[grade, up to 5 times]');
  });

  it('refuses thresholds that cross', () => {
    expect(() => corrective(finds([]), extractive(), { keepScore: 0.2 })).toThrow(/keepScore/);
    expect(() => corrective(finds([]), extractive(), { concurrency: 0 })).toThrow(/concurrency/);
  });
});

describe('graders', () => {
  it('give a passage that holds the question a better grade than one that holds a part of it', async () => {
    const grade = lexicalGrader();
    const whole = await grade({ question, hit: pump });
    const part = await grade({ question, hit: web });
    expect(whole).toBeGreaterThan(0.7);
    expect(await grade({ question, hit: tea })).toBe(0);
    expect(part).toBeGreaterThan(0);
    const titled = await grade({ question: 'Tea in Dublin?', hit: { ...tea, title: 'Dublin' } });
    expect(titled).toBeGreaterThan(await grade({ question: 'Tea in Dublin?', hit: tea }));
    expect(await grade({ question: '???', hit: tea })).toBe(0);
  });

  it.each<[string, number | undefined]>([
    ['8', 0.8],
    ['8/10', 0.8],
    ['I give it 7 out of 10.', 0.7],
    ['{"score": 3}', 0.3],
    ['The text of 1817 gets a grade of 6.', 0.6],
    ['11', undefined],
    ['-1', undefined],
    ['Between 3 and 5', undefined],
    ['Very relevant!', undefined],
    ['', undefined],
  ])('read a model that says "%s"', async (reply, grade) => {
    const graded = modelGrader(scripted([reply]))({ question, hit: pump });
    if (grade === undefined) await expect(graded).rejects.toMatchObject({ code: 'output-invalid' });
    else expect(await graded).toBe(grade);
  });
});
