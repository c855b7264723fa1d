import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { partsOf } from '../core/index.js';
import type { ChatRequest } from '../model/index.js';
import { type ScriptTurn, scripted, testRun } from '../testing/index.js';
import { classifyGrouped, grouped } from './index.js';

interface Entry {
  readonly id: string;
  readonly begins: string;
  readonly answer: unknown;
}

const entriesOf = (request: ChatRequest): Entry[] =>
  request.messages
    .flatMap(partsOf)
    .flatMap((part) =>
      part.type === 'source'
        ? [{ id: part.id, begins: part.text.split(' ').slice(0, 6).join(' '), answer: part.text.length }]
        : [],
    );

/** Tells the length of each item, after something has happened to the list. */
const lengths = (spoil: (entries: Entry[]) => readonly unknown[] = (entries) => entries) => {
  const turn: ScriptTurn = (request) => JSON.stringify({ items: spoil(entriesOf(request)) });
  return scripted([turn], { shouldRepeat: true });
};

const lengthStep = (model: ReturnType<typeof lengths>, options = {}) => {
  const alone: string[] = [];
  const single = async (text: string): Promise<number> => {
    alone.push(text);
    if (text.startsWith('broken')) throw new Error('broken');
    return text.length;
  };
  return { alone, step: grouped(model, { task: 'Count.', schema: z.number(), single, ...options }) };
};

const texts = Array.from({ length: 10 }, (_, at) => `text number ${at} of ${'x'.repeat(at)}`);

describe('grouped', () => {
  it('asks for several items at once and keeps their order', async () => {
    const model = lengths((entries) => entries.reverse());
    const { step, alone } = lengthStep(model, { maxItems: 4 });
    const results = await step(texts);
    expect(results.map((each) => each.isDone && each.value)).toEqual(texts.map(({ length }) => length));
    expect(model.requests).toHaveLength(3);
    expect(alone).toEqual([]);
  });

  it.each<[string, (entries: Entry[]) => readonly unknown[], number]>([
    ['is missing', (entries) => entries.slice(1), 1],
    ['comes twice', (entries) => [...entries, ...entries.slice(0, 1)], 1],
    ['is of no item', (entries) => [{ ...entries[0], id: 'item-99' }, ...entries.slice(1)], 1],
    ['does not fit', (entries) => [{ ...entries[0], answer: 'long' }, ...entries.slice(1)], 1],
    ['has the words of another', (entries) => [{ ...entries[0], begins: entries[1]?.begins }, ...entries.slice(1)], 1],
    ['has no words', (entries) => entries.map(({ begins: _, ...entry }) => entry), 5],
    ['is all nonsense', () => [null, 1, 'a', []], 5],
  ])('asks alone for an item whose answer %s', async (_, spoil, count) => {
    const { step, alone } = lengthStep(lengths(spoil));
    const results = await step(texts.slice(0, 5));
    expect(results.map((each) => each.isDone && each.value)).toEqual(texts.slice(0, 5).map(({ length }) => length));
    expect(alone).toHaveLength(count);
  });

  it('asks alone for all items of a call that failed, and tells which of them fail', async () => {
    const model = scripted([[{ type: 'throw', error: new Error('down') }]], { shouldRepeat: true });
    const results = await lengthStep(model).step(['one', 'broken two', 'three']);
    expect(results.map(({ isDone }) => isDone)).toEqual([true, false, true]);
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  it('never loses or swaps an item, however the model mixes up its answers', async () => {
    const item = fc.oneof(
      fc.constantFrom(
        'Dear team, I write to you today about a',
        'Dear team, I write to you today about two',
        'same',
        'broken',
      ),
      fc.string({ maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 24 }),
        fc.integer(),
        fc.integer({ min: 1, max: 9 }),
        async (items, seed, maxItems) => {
          let state = seed;
          const random = (below: number): number => {
            state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1;
            return state % Math.max(1, below);
          };
          const model = lengths((entries) =>
            entries.flatMap((entry) => {
              const other = entries[random(entries.length)] ?? entry;
              const mixed: readonly (readonly Entry[])[] = [
                [entry],
                [],
                [entry, entry],
                // The answer of another item, with that item's words or under its id.
                [{ ...other, id: entry.id }],
                [{ ...entry, id: other.id }],
              ];
              return mixed[random(mixed.length)] ?? [];
            }),
          );
          const results = await lengthStep(model, { maxItems }).step(items);
          expect(results).toHaveLength(items.length);
          for (const [at, result] of results.entries()) {
            expect(result.index).toBe(at);
            if (result.isDone) expect(result.value).toBe(items[at]?.length);
            else expect(items[at]?.startsWith('broken')).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('puts long items and items that begin alike apart', async () => {
    const model = lengths();
    const twins = ['Dear Sir or Madam, I would like a', 'Dear Sir or Madam, I would like b'];
    await lengthStep(model).step([...twins, 'one', 'word '.repeat(3_000), 'two']);
    const groups = model.requests.map((request) => entriesOf(request).map(({ begins }) => begins));
    expect(groups).toEqual([['Dear Sir or Madam, I would', 'one', 'two']]);
  });

  it('stops when it is cancelled', async () => {
    const { run, abort } = testRun();
    const model = scripted([[{ type: 'stall' }]], { shouldRepeat: true });
    const pending = lengthStep(model).step(texts, run);
    setTimeout(() => abort(new Error('enough')), 10);
    await expect(pending).rejects.toThrow('enough');
  });
});

describe('classifyGrouped', () => {
  it('gives what classify gives, for several texts in one call', async () => {
    const turn: ScriptTurn = (request) => {
      const items = entriesOf(request).map((entry, at) => ({
        ...entry,
        answer: { label: at === 0 ? 'Spam' : 'ham', confidence: at === 0 ? '90%' : 0.3 },
      }));
      return `Here you are:\n${JSON.stringify({ items })}`;
    };
    const model = scripted([turn], { features: { jsonSchema: false, tools: false } });
    const results = await classifyGrouped(model, ['spam', 'ham'])(['Win money', 'See you']);
    expect(results).toMatchObject([
      { isDone: true, value: { label: 'spam', confidence: 0.9, by: 'self-report' } },
      { isDone: true, value: { label: 'unsure', best: 'ham' } },
    ]);
  });

  it('asks alone for a text with a label that is none', async () => {
    const turn: ScriptTurn = (request) =>
      JSON.stringify({ items: entriesOf(request).map((entry) => ({ ...entry, answer: 'eggs' })) });
    const model = scripted([turn, 'spam', 'ham'], { features: { logProbs: false } });
    const results = await classifyGrouped(model, ['spam', 'ham'])(['Win money', 'See you']);
    expect(results.map((each) => each.isDone && each.value.label)).toEqual(['spam', 'ham']);
  });
});
