import { assistant, defineStep, type Message, user } from 'pipewright';
import { memoryStore } from 'pipewright/store';
import { scripted, testRun } from 'pipewright/testing';
import { describe, expect, it } from 'vitest';
import {
  type FactExtractor,
  type FactInput,
  factMemory,
  modelFactExtractor,
  type NewFact,
  patternFactExtractor,
} from './index.js';

const dayMs = 86_400_000;

const read = async (text: string): Promise<readonly (readonly [string, string])[]> => {
  const facts = await patternFactExtractor()({ texts: [text], known: [] });
  return facts.map(({ attribute, value }) => [attribute, value]);
};

describe('patternFactExtractor', () => {
  it.each([
    ['My name is Ann Lee, nice to meet you.', ['name', 'Ann Lee']],
    ["I'm 35 years old, live in Seattle, and love coffee.", ['age', '35']],
    ["I'm 35 years old, live in Seattle, and love coffee.", ['home', 'Seattle']],
    ['I just moved to New York because of work.', ['home', 'New York']],
    ['I work as a freelance graphic designer.', ['job', 'freelance graphic designer']],
    ['I am allergic to peanuts.', ['allergy to peanuts', 'yes']],
    ['My wife is called Sue.', ["wife's name", 'Sue']],
    ['My favourite colour is dark green!', ['favourite colour', 'dark green']],
    ["I really don't like mushrooms on pizza.", ['opinion of mushrooms on pizza', 'dislikes']],
    ['Remember that the key is under the mat.', ['reminder: the key is under the mat.', 'the key is under the mat.']],
    ['My counter is only 38 square feet.', ['counter', 'only 38 square feet']],
    ['I have two kids and no time.', ['kids', 'two']],
  ] as const)('reads of "%s" that %s', async (text, fact) => {
    expect(await read(text)).toContainEqual(fact);
  });

  it.each([
    'Is my name known to you?',
    "I'd like to know the price.",
    'My question is whether it rains.',
    'I have a question.',
  ])('reads nothing of "%s"', async (text) => {
    expect(await read(text)).toEqual([]);
  });
});

describe('factMemory', () => {
  it('keeps a fact that is said again as one', async () => {
    const { run, clock } = testRun({ nowMs: 1_000 });
    const memory = factMemory();
    await memory.add([user('I live in Rome.')], {}, run);
    await clock.advance(500);
    await memory.add([user('As I said, I live in rome.')], {}, run);
    expect(await memory.list({ hasHistory: true })).toMatchObject([
      { subject: 'user', attribute: 'home', value: 'Rome', count: 2, fromMs: 1_000, saidMs: 1_500 },
    ]);
  });

  it('lets a newer fact take the place of an older one, which stays readable with the time until which it held', async () => {
    const { run, clock } = testRun({ nowMs: 1_000 });
    const memory = factMemory();
    await memory.add([user('I live in Rome.')], {}, run);
    await clock.advance(500);
    await memory.add([user('I just moved to Oslo.')], {}, run);
    expect(await memory.list()).toMatchObject([{ value: 'Oslo', fromMs: 1_500 }]);
    expect(await memory.list({ hasHistory: true })).toMatchObject([
      { value: 'Rome', fromMs: 1_000, untilMs: 1_500 },
      { value: 'Oslo' },
    ]);
    expect(await memory.list({ atMs: 1_200 })).toMatchObject([{ value: 'Rome' }]);
    const { notes } = await memory.recall({ text: 'Where do I live?' });
    expect(notes.map(({ text }) => text)).toEqual(["user's home: Oslo"]);
  });

  it('ends a fact that no longer holds, and an opinion that has turned', async () => {
    const memory = factMemory();
    await memory.add([user('I live in Rome. I love opera.')]);
    await memory.add([user('I no longer live in Rome. I hate opera.')]);
    expect((await memory.list()).map(({ attribute, value }) => [attribute, value])).toEqual([
      ['opinion of opera', 'dislikes'],
    ]);
    expect(await memory.list({ hasHistory: true })).toHaveLength(3);
  });

  it('puts what was said before but read late into the history', async () => {
    const { run, clock } = testRun({ nowMs: 1_000 });
    let isDown = true;
    const patterns = patternFactExtractor();
    const extractor: FactExtractor = defineStep({ kind: 'fact-extractor' }, async (input: FactInput, inner) => {
      if (isDown) throw new Error('The model is down.');
      return patterns(input, inner);
    });
    const memory = factMemory({ extractor });
    await memory.add([user('I live in Rome.')], {}, run);
    await clock.advance(500);
    await memory.remember({ attribute: 'home', value: 'Oslo' }, {}, run);
    isDown = false;
    await memory.add([user('How are you?')], {}, run);
    expect(await memory.list()).toMatchObject([{ value: 'Oslo' }]);
    expect(await memory.list({ hasHistory: true })).toMatchObject([
      { value: 'Oslo' },
      { value: 'Rome', fromMs: 1_000, untilMs: 1_500 },
    ]);
  });

  it('keeps what was said when the extractor fails, says so, and reads it with the next', async () => {
    const { run, events } = testRun();
    const model = scripted([
      [{ type: 'throw', error: new Error('down') }],
      (request) => {
        const asked = JSON.stringify(request.messages);
        expect(asked).toContain('I live in Rome.');
        expect(asked).toContain('I like tea.');
        return JSON.stringify({
          facts: [
            {
              subject: 'user',
              attribute: 'home',
              value: 'Rome',
              evidence: 'I live in Rome',
              importance: 8,
              isOver: false,
            },
          ],
        });
      },
    ]);
    const memory = factMemory({ extractor: modelFactExtractor(model) });
    await memory.add([user('I live in Rome.')], {}, run);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('No facts were read') }),
    );
    expect(await memory.list()).toEqual([]);
    await memory.add([user('I like tea.')], {}, run);
    expect(await memory.list()).toMatchObject([{ value: 'Rome', importance: 8, evidence: 'I live in Rome' }]);
  });

  it('drops what a model has made up: no text says its evidence', async () => {
    const invented: NewFact = { attribute: 'password', value: 'hunter2', evidence: 'my password is hunter2' };
    const blank: NewFact = { attribute: '??', value: 'Rome', evidence: 'I live in Rome.' };
    const extractor: FactExtractor = defineStep({ kind: 'fact-extractor' }, async () => [invented, blank]);
    const memory = factMemory({ extractor });
    await memory.add([user('I live in Rome.')]);
    expect(await memory.list()).toEqual([]);
  });

  it('reads facts from the user only, not from models and tools', async () => {
    const memory = factMemory();
    const said: readonly Message[] = [
      assistant('My name is Robot.'),
      { role: 'tool', content: [{ type: 'tool-result', id: 'a', name: 'x', output: 'My name is Eve.' }] },
    ];
    await memory.add(said);
    expect(await memory.list()).toEqual([]);
  });

  it('shows the extractor what is known, and calls it once for each add', async () => {
    const inputs: FactInput[] = [];
    const extractor: FactExtractor = defineStep({ kind: 'fact-extractor' }, async (input: FactInput) => {
      inputs.push(input);
      return input.texts.map((text) => ({ attribute: 'word', value: text, evidence: text }));
    });
    const memory = factMemory({ extractor });
    await memory.add([user('one'), user('two')]);
    await memory.add([user('three')]);
    expect(inputs.map(({ texts }) => texts)).toEqual([['one', 'two'], ['three']]);
    expect(inputs[1]?.known).toMatchObject([{ attribute: 'word', value: 'two' }]);
  });

  it('finds facts by what they are about, best first', async () => {
    const memory = factMemory();
    await memory.add([user('My name is Ann. I live in Rome. I am allergic to nuts. I enjoy sailing.')]);
    expect((await memory.search('Which allergies do I have?'))[0]?.attribute).toBe('allergy to nuts');
    expect((await memory.search('In which town do I live?'))[0]?.value).toBe('Rome');
    expect((await memory.search(''))[0]?.importance).toBe(10);
  });

  it('forgets by id, by subject and attribute with its history, by age, and by strength', async () => {
    const { run, clock } = testRun();
    const memory = factMemory({ halfLifeMs: dayMs });
    const known = async (): Promise<readonly string[]> =>
      (await memory.list({ hasHistory: true })).map(({ value }) => value);
    for (const value of ['Rome', 'Oslo']) await memory.remember({ attribute: 'home', value }, {}, run);
    await memory.remember({ attribute: 'name', value: 'Ann', importance: 10 }, {}, run);
    await memory.remember({ attribute: 'mood', value: 'good', importance: 1 }, {}, run);
    expect(await memory.forget({ about: { attribute: 'Home' } }, {}, run)).toBe(2);
    expect(await known()).toEqual(['Ann', 'good']);
    await clock.advance(2 * dayMs);
    expect(await memory.forget({ weakerThan: 0.1 }, {}, run)).toBe(1);
    expect(await known()).toEqual(['Ann']);
    expect(await memory.forget({ olderThanMs: 3 * dayMs }, {}, run)).toBe(0);
    expect(await memory.forget({ olderThanMs: dayMs }, {}, run)).toBe(1);
    await memory.remember({ attribute: 'name', value: 'Ann' }, {}, run);
    const [fact] = await memory.list();
    expect(await memory.forget({ ids: [fact?.id ?? ''] }, { userId: 'bob' }, run)).toBe(0);
    expect(await memory.forget({ ids: [fact?.id ?? ''] }, {}, run)).toBe(1);
  });

  it('Q27 keeps at most `maxFacts`: the oldest history goes first, then the weakest', async () => {
    const memory = factMemory({ maxFacts: 3 });
    for (const value of ['Rome', 'Oslo', 'Lima']) await memory.remember({ attribute: 'home', value });
    await memory.remember({ attribute: 'name', value: 'Ann', importance: 10 });
    expect((await memory.list({ hasHistory: true })).map(({ value }) => value)).toEqual(['Oslo', 'Lima', 'Ann']);
    for (const value of ['a', 'b']) await memory.remember({ attribute: `letter ${value}`, value, importance: 6 });
    expect((await memory.list({ hasHistory: true })).map(({ value }) => value)).toEqual(['Ann', 'a', 'b']);
  });

  it('does not repeat what the prompt says already', async () => {
    const memory = factMemory();
    await memory.add([user('I live in Rome.'), user('I enjoy sailing.')]);
    const { notes } = await memory.recall({ known: [user('Hello! I live in Rome.')] });
    expect(notes.map(({ text }) => text)).toEqual(["user's opinion of sailing: likes"]);
  });

  it('keeps no fact of a text that was forgotten while it was read', async () => {
    const store = memoryStore();
    const other = factMemory({ store });
    const extractor: FactExtractor = defineStep({ kind: 'fact-extractor' }, async () => {
      await other.clear();
      return [{ attribute: 'home', value: 'Rome', evidence: 'I live in Rome.' }];
    });
    await factMemory({ store, extractor }).add([user('I live in Rome.')]);
    expect(await other.list({ hasHistory: true })).toEqual([]);
  });
});
