import { describe, expect, it } from 'vitest';
import { defineStep, explain, type Hit, type Query, queryOf, type Retriever, stream } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { extractive } from '../provider/extractive/index.js';
import { planQuery, type QueryPlan } from '../retrieve/index.js';
import { scripted, testRun } from '../testing/index.js';
import { type Answer, answer, multiHopAnswer, type Question } from './index.js';

const facts: readonly Hit[] = [
  { id: 'acme', score: 1, text: 'Acme was founded by Ada Berg.' },
  { id: 'berg', score: 1, text: 'Ada Berg was born in Oslo in 1950.' },
  { id: 'tea', score: 1, text: 'Tea is served at four.' },
];
/** Finds the passages that share a name with the query. */
const retriever = (asked: string[] = []): Retriever =>
  defineStep({ kind: 'names' }, async (query: Query) => {
    const { text } = queryOf(query);
    asked.push(text);
    return facts.filter((fact) => (text.match(/\b[A-Z][a-z]+\b/gu) ?? []).some((name) => fact.text.includes(name)));
  });
const hops = (question: string): QueryPlan => ({
  question,
  analysis: 'The founder comes first.',
  parts: [
    { id: 'founder', question: 'Who founded Acme?', needs: [] },
    { id: 'birth', question: 'Where was {founder} born?', needs: ['founder'] },
  ],
});
const question = 'Where was the founder of Acme born?';
const checkOffsets = ({ text, citations, sources }: Answer): void => {
  expect(citations.length).toBeGreaterThan(0);
  for (const { claim, number, sourceId, evidence } of citations) {
    expect(text.slice(claim.start, claim.end)).toContain(claim.text.slice(0, 8));
    expect(sources[number - 1]?.id).toBe(sourceId);
    const source = sources.find(({ id }) => id === evidence?.sourceId);
    expect(source?.text.slice(evidence?.start, evidence?.end)).toBe(evidence?.quote);
  }
};

describe('multiHopAnswer', () => {
  it('answers the parts of a question without a model, over one list of sources', async () => {
    await using index = await bm25();
    await index.add(facts);
    const ask = multiHopAnswer(answer(index.retriever(), extractive()));
    const result = await ask('Who founded Acme and when is tea served?');
    expect(result.text).toBe('Acme was founded by Ada Berg.\nTea is served at four.');
    checkOffsets(result);
    expect(result.trace.map(({ action }) => action)).toEqual([
      'plan',
      'search',
      'answer',
      'part',
      'search',
      'answer',
      'part',
      'combine',
    ]);
  });

  it('puts answers into the questions that wait for them', async () => {
    const asked: string[] = [];
    await multiHopAnswer(answer(retriever(asked), extractive()), { plan: hops })(question);
    expect(asked).toEqual(['Who founded Acme?', 'Where was Acme was founded by Ada Berg. born?']);
  });

  it('renumbers marks of all forms, and lets no wrong number come to mean a source', async () => {
    const model = scripted(['Ada Berg founded Acme [1].', 'In Oslo [1, 2], in 1950 【1】, she says [9]. So.']);
    const plan = (whole: string): QueryPlan => ({
      ...hops(whole),
      parts: [
        { id: 'a', question: 'Who founded Acme?', needs: [] },
        { id: 'b', question: 'Where was Berg of Tea born?', needs: ['a'] },
      ],
    });
    const result = await multiHopAnswer(answer(retriever(), model), { plan })(question);
    const ids = result.sources.map(({ id }) => id);
    expect(ids).toEqual(['acme', 'berg', 'tea']);
    expect(result.text).toBe('Ada Berg founded Acme [1].\nIn Oslo [1][2], in 1950 [1], she says [12]. So.');
    for (const { claim } of [...result.citations, ...result.uncited.map((claim) => ({ claim }))]) {
      expect(result.text.slice(claim.start, claim.end).startsWith(claim.text.slice(0, 2))).toBe(true);
    }
    expect(result.citations.find(({ number }) => number === 12)?.sourceId).toBeUndefined();
    expect(result.uncited.map(({ start, end }) => result.text.slice(start, end))).toEqual(['So.']);
  });

  it('has a model write the answer to the whole, from what the parts cite, and shows only that', async () => {
    const planner = scripted([JSON.stringify({ analysis: 'Two hops.', parts: hops('').parts })]);
    const model = scripted(['Ada Berg founded Acme [1].', 'In Oslo [1].', 'She was born in Oslo [2].']);
    const ask = multiHopAnswer(answer(retriever(), model), { plan: planQuery(planner), model });
    const watched = stream(ask, question);
    const shown: string[] = [];
    for await (const snapshot of watched.snapshots) shown.push(snapshot);
    const result = await watched.result;
    expect(result.text).toBe('She was born in Oslo [2].');
    expect(shown[0]).toBe('She');
    expect(shown.at(-1)).toBe(result.text);
    expect(result.sources.map(({ id }) => id)).toEqual(['acme', 'berg']);
    expect(result.query).toBe(question);
    checkOffsets(result);
    expect(JSON.stringify(model.requests.at(-1))).toContain('- Who founded Acme? Ada Berg founded Acme.');
    // Two for the plan and its repair, five parts, and the whole.
    expect(explain(ask).maxModelCalls).toBe(8);
  });

  it('says which part has no answer', async () => {
    const plan = (): QueryPlan => ({
      question,
      analysis: '',
      parts: [
        { id: 'a', question: 'Who founded Acme?', needs: [] },
        { id: 'b', question: 'Who founded Bcme?', needs: [] },
      ],
    });
    const result = await multiHopAnswer(answer(retriever(), extractive()), { plan })(question);
    expect(result.text).toMatch(/^Acme was founded by Ada Berg\.\nWho founded Bcme\? The documents do not hold/u);
    expect(result.isAnswered).toBe(true);
  });

  it.each<[string, () => QueryPlan]>([
    [
      'fails',
      () => {
        throw new Error('no plan');
      },
    ],
    ['has too many parts', () => ({ ...hops(question), parts: Array(9).fill(hops('').parts[0]) })],
  ])('asks the question whole when the plan %s', async (_, plan) => {
    const asked: string[] = [];
    const { run, events } = testRun();
    const result = await multiHopAnswer(answer(retriever(asked), extractive()), { plan })('Who founded Acme?', run);
    expect(asked).toEqual(['Who founded Acme?']);
    expect(result.text).toBe('Acme was founded by Ada Berg.');
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
  });

  it('refuses a plan whose parts wait for each other', async () => {
    const plan = (): QueryPlan => ({
      ...hops(question),
      parts: hops('').parts.map((part) => ({ ...part, needs: ['founder', 'birth'] })),
    });
    await expect(multiHopAnswer(answer(retriever(), extractive()), { plan })(question)).rejects.toMatchObject({
      code: 'bad-input',
    });
  });

  it('leaves out a part that fails, a used-up budget among the reasons, and fails when all do', async () => {
    const { run, events } = testRun({ budget: { maxCalls: 1 } });
    const model = scripted(['Ada Berg founded Acme [1].'], { shouldRepeat: true });
    const ask = multiHopAnswer(answer(retriever(), model), { plan: hops });
    const result = await ask(question, run);
    expect(result.text).toBe('Ada Berg founded Acme [1].');
    expect(result.trace.some(({ action, detail }) => action === 'part' && detail.startsWith('It failed'))).toBe(true);
    expect(events.some(({ type }) => type === 'warning')).toBe(true);
    const { run: none } = testRun({ budget: { maxCalls: 0 } });
    await expect(ask(question, none)).rejects.toMatchObject({ code: 'budget-exceeded' });
  });

  it('Q02 rejects with the reason when aborted in the plan and in a part', async () => {
    for (const phase of ['plan', 'part'] as const) {
      const { run, abort } = testRun();
      let parts = 0;
      const part = defineStep({ kind: 'part' }, async (_: Question): Promise<Answer> => {
        parts++;
        abort('enough');
        throw new Error('deaf');
      });
      const plan = (whole: string): QueryPlan => {
        if (phase === 'plan') abort('enough');
        return hops(whole);
      };
      await expect(multiHopAnswer(part, { plan })(question, run)).rejects.toBe('enough');
      expect(parts).toBe(phase === 'plan' ? 0 : 1);
    }
  });
});
