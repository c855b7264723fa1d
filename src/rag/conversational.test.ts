import { describe, expect, it } from 'vitest';
import {
  assistant,
  defineStep,
  type Message,
  type Query,
  queryOf,
  type Retriever,
  type Step,
  textOf,
  user,
} from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { extractive } from '../provider/extractive/index.js';
import { condense } from '../retrieve/index.js';
import { memoryStore } from '../store/index.js';
import { scripted, testRun } from '../testing/index.js';
import { type Answer, answer, conversational, type Question, type QuestionWithOptions } from './index.js';

const facts = [
  { id: 'pump', text: 'The pump has a warranty. The warranty of the pump lasts three years.' },
  { id: 'kettle', text: 'The kettle is made of steel.' },
];
const retriever = (asked: string[] = []): Retriever =>
  defineStep({ kind: 'fixed' }, async (query: Query) => {
    asked.push(queryOf(query).text);
    return facts.map((fact) => ({ ...fact, score: 1 }));
  });
/** Says what it was asked. */
const echo = (seen: QuestionWithOptions[]): Step<Question, Answer> =>
  defineStep({ kind: 'echo' }, async (asked) => {
    seen.push(asked as QuestionWithOptions);
    return {
      ...(await answer(retriever(), scripted(['The warranty of the pump lasts three years [1].']))('How long?')),
    };
  });
const said = (asked: QuestionWithOptions | undefined): readonly string[] => (asked?.history ?? []).map(textOf);

describe('conversational', () => {
  it('follows a conversation without a model, question by question, kept under its id', async () => {
    await using index = await bm25();
    await index.add(facts);
    const ask = conversational(answer(index.retriever(), extractive()));
    const conversationId = 'c1';
    await ask({ question: 'Does the pump have a warranty?', conversationId });
    const result = await ask({ question: 'How long does it last?', conversationId });
    expect(result.text).toContain('The warranty of the pump lasts three years.');
    expect(result.query).toBe('Does the pump have a warranty?\nHow long does it last?');
    expect(result.trace[0]?.action).toBe('rewrite');
    const turns = await ask.turns(conversationId);
    expect(turns.map(({ question }) => question)).toEqual(['Does the pump have a warranty?', 'How long does it last?']);
    expect(turns[1]?.citations[0]).toMatchObject({ number: 1, sourceId: 'pump', label: 'pump' });
    expect(await ask.turns('another')).toEqual([]);
    await ask.forget(conversationId);
    expect(await ask.turns(conversationId)).toEqual([]);
  });

  it('goes back further where the question before leans, too', async () => {
    const seen: QuestionWithOptions[] = [];
    const history = ['How old is Oslo?', 'And how large is it?'].flatMap((text) => [user(text), assistant('Very.')]);
    await conversational(echo(seen))({ question: 'Who founded it?', history });
    expect(seen[0]?.query).toBe('How old is Oslo?\nAnd how large is it?\nWho founded it?');
    expect(seen[0]?.question).toBe('Who founded it?');
  });

  it('asks what `condense` makes of the question, before anything is searched, and shows nothing of that', async () => {
    const asked: string[] = [];
    const writer = scripted(['{"question":"How long does the warranty of the pump last?"}']);
    const ask = conversational(answer(retriever(asked), extractive()), { condense: condense(writer) });
    const { run, events } = testRun();
    const result = await ask({ question: 'And how long?', history: [user('Has the pump a warranty?')] }, run);
    expect(asked).toEqual(['How long does the warranty of the pump last?']);
    const shown = events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : []));
    expect(shown.join('')).toBe(result.text);
    expect(run.meter.spent.calls).toBe(2);
  });

  it.each<[string, () => string]>([
    [
      'fails',
      () => {
        throw new Error('down');
      },
    ],
    ['gives nothing', () => ' '],
    ['gives a novel', () => 'x'.repeat(5_000)],
  ])('searches with the question before when `condense` %s', async (_, broken) => {
    const seen: QuestionWithOptions[] = [];
    const { run, events } = testRun();
    await conversational(echo(seen), { condense: broken })({ question: 'And it?', history: [user('The pump?')] }, run);
    expect(seen[0]).toMatchObject({ question: 'And it?', query: 'The pump?\nAnd it?' });
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
  });

  it('keeps the newest turns that have room, whole, without marks, sources and tools', async () => {
    const seen: QuestionWithOptions[] = [];
    const history: readonly Message[] = [
      user('An old question that has no room any more.'),
      assistant('An old answer [1].'),
      user([
        { type: 'source', id: 'a', text: 'A source.' },
        { type: 'text', text: 'What is new?' },
      ]),
      { role: 'tool', content: [{ type: 'tool-result', id: 't', name: 't', output: 'x' }] } as unknown as Message,
      assistant('The news [1][2]. More [3, 4].'),
    ];
    const countTokens = (text: string): number => text.length;
    const ask = conversational(echo(seen), { maxHistoryTokens: 60, countTokens });
    await ask({ question: 'How long does the warranty of the pump last?', history });
    expect(said(seen[0])).toEqual(['What is new?', 'The news. More.']);
    await conversational(echo(seen), { maxHistoryTokens: 0 })({ question: 'How long is the warranty?', history });
    expect(said(seen[1])).toEqual([]);
  });

  it('Q27 keeps so many turns, for so long', async () => {
    const { run, clock } = testRun();
    const store = memoryStore({ clock });
    const ask = conversational(echo([]), { store, maxTurns: 2, ttlMs: 1_000 });
    for (const question of ['One?', 'Two?', 'Three?']) await ask({ question, conversationId: 'c' }, run);
    expect((await ask.turns('c')).map(({ question }) => question)).toEqual(['Two?', 'Three?']);
    await clock.advance(1_001);
    expect(await ask.turns('c')).toEqual([]);
  });

  it('loses no turn when one conversation is asked twice at once, and keeps it over a restart', async () => {
    const store = memoryStore();
    const ask = conversational(echo([]), { store });
    await Promise.all(['A?', 'B?', 'C?'].map((question) => ask({ question, conversationId: 'c' })));
    const later = await conversational(echo([]), { store }).turns('c');
    expect(later.map(({ question }) => question).sort()).toEqual(['A?', 'B?', 'C?']);
  });

  it('keeps no turn of an answer that was aborted', async () => {
    const { run, abort } = testRun();
    const stops = defineStep({ kind: 'stops' }, async (): Promise<Answer> => {
      abort('enough');
      throw new Error('deaf');
    });
    const ask = conversational(stops);
    await expect(ask({ question: 'A?', conversationId: 'c' }, run)).rejects.toBe('enough');
    expect(await ask.turns('c')).toEqual([]);
  });

  it('refuses damaged and newer conversations, bad ids and bad options', async () => {
    const store = memoryStore();
    const ask = conversational(echo([]), { store });
    const put = (value: string): Promise<void> =>
      store.write([{ type: 'put', key: 'conversation/c', value: new TextEncoder().encode(value) }]);
    for (const [value, code] of [
      ['{', 'store-damaged'],
      ['{"version":1,"turns":[{}]}', 'store-damaged'],
      ['null', 'store-damaged'],
      ['{"version":2}', 'store-newer'],
    ] as const) {
      await put(value);
      await expect(ask({ question: 'A?', conversationId: 'c' })).rejects.toMatchObject({ code });
    }
    await expect(ask({ question: 'A?', conversationId: '' })).rejects.toMatchObject({ code: 'bad-input' });
    expect(() => conversational(echo([]), { maxTurns: 0 })).toThrow(/maxTurns/);
  });
});
