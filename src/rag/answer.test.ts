import { describe, expect, it } from 'vitest';
import {
  createRun,
  defineStep,
  type Hit,
  type Query,
  queryOf,
  type Retriever,
  type RunEvent,
  stream,
  textOf,
  user,
} from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { extractive } from '../provider/extractive/index.js';
import { scripted } from '../testing/index.js';
import { answer } from './index.js';

const handbook: readonly Hit[] = [
  {
    id: 'refund',
    score: 3,
    title: 'Handbook',
    source: 'handbook.md',
    text: 'Refunds are paid within 14 days of the return.\nThe customer pays the postage.',
    place: { parentId: 'handbook', start: 40, startLine: 12, endLine: 13, headings: ['Refunds'] },
  },
  {
    id: 'warranty',
    score: 2,
    title: 'Handbook',
    source: 'handbook.md',
    text: 'The warranty of the pump lasts three years. It does not cover the seal.',
    place: { parentId: 'handbook', start: 300, startLine: 30, endLine: 30, headings: ['Warranty'] },
  },
];

const finds = (hits: readonly Hit[], asked: Query[] = []): Retriever =>
  defineStep({ kind: 'fixed' }, async (query: Query) => {
    asked.push(query);
    return hits;
  });

describe('answer', () => {
  it('answers with the embedded model and a keyword index, with checked citations and lines', async () => {
    await using index = await bm25();
    await index.add(handbook);
    const result = await answer(index.retriever(), extractive())('How long does the warranty of the pump last?');
    expect(result.isAnswered).toBe(true);
    expect(result.text).toBe('The warranty of the pump lasts three years.');
    expect(result.citations).toHaveLength(1);
    expect(result.citations[0]).toMatchObject({
      verdict: 'verbatim',
      sourceId: 'warranty',
      evidence: { label: 'handbook.md:30', place: { start: 300, end: 343, headings: ['Warranty'] } },
    });
    expect(result.sources[result.citations[0]!.number - 1]?.id).toBe('warranty');
    expect(result.uncited).toEqual([]);
  });

  it('is not answered when the embedded model abstains, and shows what was searched', async () => {
    const result = await answer(finds(handbook), extractive())('Who was the first man on the moon?');
    expect(result).toMatchObject({ isAnswered: false, citations: [] });
    expect(result.sources).toHaveLength(2);
  });

  it('asks no model when nothing is found, and streams the reason', async () => {
    const model = scripted([]);
    const watched = stream(answer(finds([]), model), 'What?');
    let text = '';
    for await (const delta of watched.text) text += delta;
    const result = await watched.result;
    expect(result).toMatchObject({ isAnswered: false, sources: [] });
    expect(text).toBe(result.text);
    expect(model.requests).toHaveLength(0);
    expect(result).not.toHaveProperty('reply');
  });

  it('streams the text after the sources were found', async () => {
    const events: RunEvent[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    const result = await answer(finds(handbook), scripted(['Within 14 days of the return [1].']))(
      'When are refunds paid?',
      run,
    );
    const types = events.map(({ type }) => type);
    expect(types.indexOf('sources-found')).toBeGreaterThan(0);
    expect(types.indexOf('text-delta')).toBeGreaterThan(types.indexOf('sources-found'));
    const deltas = events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : []));
    expect(deltas.join('')).toBe(result.text);
    expect(result.citations[0]).toMatchObject({ verdict: 'supported', evidence: { label: 'handbook.md:12' } });
  });

  it('gives sources as parts under their headings, and asks for marks only where the model has no citations', async () => {
    const plain = scripted(['Yes [1].']);
    const native = scripted(['Yes.'], { features: { citations: true } });
    for (const model of [plain, native])
      await answer(finds(handbook), model, { instructions: 'Be polite.' })('Who pays the postage?');
    const [request] = plain.requests;
    const last = request!.messages.at(-1)!;
    expect(last.content).toEqual([
      { type: 'source', id: 'refund', text: handbook[0]!.text, title: 'Handbook › Refunds' },
      { type: 'source', id: 'warranty', text: handbook[1]!.text, title: 'Handbook › Warranty' },
      { type: 'text', text: 'Who pays the postage?' },
    ]);
    expect(textOf(request!.messages[0]!)).toContain('square brackets');
    expect(textOf(request!.messages[0]!)).toContain('Be polite.');
    expect(textOf(native.requests[0]!.messages[0]!)).not.toContain('square brackets');
  });

  it('reports wrong marks of a model: the wrong source, a source that is not there, an invented fact', async () => {
    const reply =
      'The warranty of the pump lasts three years [1]. The seal costs 40 euros [2]. Refunds are paid within 14 days of the return [8]. Call us.';
    const result = await answer(finds(handbook), scripted([reply]))('Tell me all.');
    expect(result.citations.map(({ number, verdict, evidence }) => [number, verdict, evidence?.sourceId])).toEqual([
      [1, 'misattributed', 'warranty'],
      [2, 'absent', undefined],
      [8, 'misattributed', 'refund'],
    ]);
    expect(result.uncited.map(({ text }) => text)).toEqual(['Call us.']);
    expect(result.isAnswered).toBe(true);
  });

  it('is not answered when no claim survives the check', async () => {
    const result = await answer(
      finds(handbook),
      scripted(['The seal costs 40 euros [2].']),
    )('What does the seal cost?');
    expect(result.isAnswered).toBe(false);
    expect(result.citations[0]?.verdict).toBe('absent');
  });

  it('searches with the question before where a question leans on it, and keeps the numbers of old sources out', async () => {
    const asked: Query[] = [];
    const model = scripted(['Three years [2].']);
    const history = [
      user([
        { type: 'source', id: 'old', text: 'Old.' },
        { type: 'text', text: 'What about the pump?' },
      ]),
      { role: 'assistant' as const, content: 'It pumps [1].' },
    ];
    const result = await answer(
      finds(handbook, asked),
      model,
    )({ question: 'How long does its warranty last?', history });
    expect(queryOf(asked[0]!).text).toBe('What about the pump?\nHow long does its warranty last?');
    expect(result.query).toBe(queryOf(asked[0]!).text);
    const sent = model.requests[0]!.messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    expect(sent.filter((part) => part.type === 'source').map((part) => part.id)).toEqual(['refund', 'warranty']);
    await answer(
      finds(handbook, asked),
      scripted(['x']),
    )({ question: 'How long does the pump warranty last?', history });
    expect(queryOf(asked[1]!).text).toBe('How long does the pump warranty last?');
  });

  it('asks and searches for what `condense` makes of a question with history', async () => {
    const asked: Query[] = [];
    const model = scripted(['x']);
    const ask = answer(finds(handbook, asked), model, {
      condense: ({ question, history }) => `${question} (${history.length})`,
    });
    const result = await ask({ question: 'And it?', history: [user('Pump?')], k: 3, filter: { lang: 'en' } });
    expect(asked[0]).toEqual({ text: 'And it? (1)', k: 3, filter: { lang: 'en' } });
    expect(textOf(model.requests[0]!.messages.at(-1)!)).toBe('And it? (1)');
    expect(result.query).toBe('And it? (1)');
  });

  it('shows nothing of what models write on the way: to condense, or in the retriever', async () => {
    const writer = scripted(['A query.'], { shouldRepeat: true });
    const writing: Retriever = defineStep({ kind: 'writing' }, async (query: Query, run) => {
      await writer(queryOf(query).text, run);
      return handbook;
    });
    const ask = answer(writing, scripted(['Three years [2].']), {
      condense: async ({ question }, run) => (await writer(question, run)).text,
    });
    const watched = stream(ask, { question: 'And it?', history: [user('Pump?')] });
    let text = '';
    for await (const delta of watched.text) text += delta;
    expect(text).toBe('Three years [2].');
    expect(writer.requests).toHaveLength(2);
  });

  it('searches for the `query` of a question, and asks the model the question', async () => {
    const asked: Query[] = [];
    const model = scripted(['x']);
    const result = await answer(finds(handbook, asked), model)({ question: 'How long?', query: 'pump warranty' });
    expect(queryOf(asked[0]!).text).toBe('pump warranty');
    expect(textOf(model.requests[0]!.messages.at(-1)!)).toBe('How long?');
    expect(result.query).toBe('pump warranty');
  });

  it('reports what had no room, and refuses a budget without room for anything', async () => {
    const long = { ...handbook[1]!, text: 'The warranty of the pump lasts three years. '.repeat(40) };
    const result = await answer(finds([handbook[0]!, long]), extractive(), { maxSourceTokens: 100 })(
      'How long does the warranty last?',
    );
    expect(result.leftOut).toEqual([{ hit: long, reason: 'cut' }]);
    await expect(answer(finds(handbook), extractive(), { maxSourceTokens: 5 })('What?')).rejects.toMatchObject({
      code: 'bad-option',
    });
  });

  it('stops in the middle of the answer when the caller aborts', async () => {
    const control = new AbortController();
    const model = scripted([[{ type: 'text-delta', text: 'Within ' }, { type: 'stall' }]]);
    const run = createRun({
      signal: control.signal,
      on: (event) => {
        if (event.type === 'text-delta') control.abort('enough');
      },
    });
    await expect(answer(finds(handbook), model)('When?', run)).rejects.toBe('enough');
  });

  it('asks no model when the caller aborts during the search', async () => {
    const control = new AbortController();
    const model = scripted([]);
    const retriever: Retriever = defineStep({ kind: 'slow' }, async () => {
      control.abort('enough');
      return handbook;
    });
    await expect(answer(retriever, model)('When?', createRun({ signal: control.signal }))).rejects.toBe('enough');
    expect(model.requests).toHaveLength(0);
  });

  it('refuses an empty question and bad options', async () => {
    await expect(answer(finds(handbook), extractive())(' ')).rejects.toMatchObject({ code: 'bad-input' });
    expect(() => answer(finds([]), extractive(), { k: 0 })).toThrow(/`k`/);
    expect(() => answer(finds([]), extractive(), { maxSourceTokens: 0 })).toThrow(/maxSourceTokens/);
  });
});
