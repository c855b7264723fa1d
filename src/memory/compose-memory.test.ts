import {
  assistant,
  defineStep,
  inspect,
  type Memory,
  type Message,
  type Recalled,
  type RecallQuery,
  textOf,
  user,
} from 'pipewright';
import { bm25 } from 'pipewright/keyword';
import { tokenCounter } from 'pipewright/model';
import { testRun } from 'pipewright/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeMemory, episodicMemory, factMemory, windowMemory, workingMemory } from './index.js';

const broken = (message: string): Memory => ({
  kind: 'broken',
  add: async () => Promise.reject(new Error(message)),
  recall: defineStep(
    { kind: 'memory', name: 'broken' },
    async (): Promise<Recalled> => Promise.reject(new Error(message)),
  ),
  clear: async () => Promise.reject(new Error(message)),
});

/** Keeps what it was asked, and recalls nothing. */
const listening = (): Memory & { readonly queries: RecallQuery[] } => {
  const queries: RecallQuery[] = [];
  const nothing: Recalled = { messages: [], turns: [], tokens: 0, notes: [], leftOut: 0 };
  const recall = defineStep({ kind: 'memory', name: 'listening' }, async (query: RecallQuery) => {
    queries.push(query);
    return nothing;
  });
  return { kind: 'listening', add: async () => undefined, recall, clear: async () => undefined, queries };
};

const turn = (text: string): readonly Message[] => [user(text), assistant('I see.')];

describe('composeMemory', () => {
  it('tells the turns first and all notes in one message behind them, each thing once', async () => {
    const pad = workingMemory();
    const memory = composeMemory([windowMemory({ maxTurns: 1 }), factMemory(), episodicMemory(await bm25()), pad]);
    await memory.add(turn('I live in Rome.'));
    await memory.add(turn('What a nice day for sailing.'));
    await pad.set('order', '4711');
    const { messages, turns, notes } = await memory.recall({ text: 'Where do I live, and what is nice?' });
    expect(turns.map(textOf)).toEqual(['What a nice day for sailing.', 'I see.']);
    expect(messages.slice(0, 2)).toEqual(turns);
    expect(messages).toHaveLength(3);
    expect(notes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['fact', 'episode', 'working']));
    // The sentence of the window is not told again, and the fact does not make the episode disappear.
    expect(JSON.stringify(notes)).not.toContain('sailing');
  });

  it('gives each its share of the room, and what one leaves to those behind it', async () => {
    const [one, two] = [listening(), listening()];
    const memory = composeMemory([one, two, windowMemory()], { maxTokens: 1_000, shares: [3, 1, 1] });
    await memory.recall({ text: 'x' });
    expect([one.queries[0]?.maxTokens, two.queries[0]?.maxTokens]).toEqual([600, 800]);
  });

  it('tells later memories what the prompt says already', async () => {
    const last = listening();
    const memory = composeMemory([windowMemory(), last]);
    await memory.add(turn('Hello.'));
    await memory.recall({ text: 'x', known: [user('Before.')] });
    expect(last.queries[0]?.known?.map(textOf)).toEqual(['Before.', 'Hello.', 'I see.']);
  });

  it('never takes more than its room, to the token', async () => {
    const memory = composeMemory([windowMemory(), factMemory(), episodicMemory(await bm25())], { shares: [1, 1, 1] });
    for (const place of ['Rome', 'Oslo', 'Lima', 'Quito']) {
      await memory.add(
        turn(`I live in ${place}. My favourite ship is the ${place} Star. Remember that ${place} is warm.`),
      );
    }
    const counter = tokenCounter('gpt-5');
    await fc.assert(
      fc.asyncProperty(fc.nat(500), fc.constantFrom('', 'Which ship?', 'Where do I live?'), async (maxTokens, text) => {
        const { messages, tokens } = await memory.recall({ maxTokens, text });
        expect(tokens).toBeLessThanOrEqual(maxTokens);
        expect(tokens).toBe(messages.length === 0 ? 0 : (await counter.countRequest({ messages })).tokens);
      }),
      { numRuns: 40 },
    );
  });

  it('warns of a memory that fails, and goes on with the others', async () => {
    const { run, events } = testRun();
    const memory = composeMemory([broken('The disk is full.'), windowMemory()], { maxTokens: 100 });
    await memory.add(turn('Hello.'), {}, run);
    expect((await memory.recall({}, run)).turns.map(textOf)).toEqual(['Hello.', 'I see.']);
    const warnings = events.filter(({ type }) => type === 'warning');
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatchObject({ message: 'The memory `broken` kept nothing: The disk is full.' });
  });

  it('fails when all do', async () => {
    const memory = composeMemory([broken('one'), broken('two')]);
    await expect(memory.add(turn('Hello.'))).rejects.toThrow('one');
    await expect(memory.recall({})).rejects.toThrow('one');
  });

  it('clears all it can, and rejects when one could not forget', async () => {
    const window = windowMemory();
    const memory = composeMemory([broken('stuck'), window]);
    await window.add(turn('Hello.'));
    await expect(memory.clear()).rejects.toThrow('stuck');
    expect((await window.recall({})).messages).toEqual([]);
  });

  it('shows its parts', () => {
    const tree = inspect(composeMemory([windowMemory(), factMemory()]).recall);
    expect(tree.children?.map(({ label }) => label)).toEqual(['window', 'facts']);
  });

  it('refuses options that are none', () => {
    expect(() => composeMemory([])).toThrow('at least one memory');
    expect(() => composeMemory([windowMemory()], { shares: [1, 2] })).toThrow('one number for each');
    expect(() => composeMemory([windowMemory()], { shares: [0] })).toThrow('add up');
    expect(() => composeMemory([windowMemory()], { shares: [-1] })).toThrow('`shares[0]`');
  });
});
