import { assistant, type Message, type Store, textOf, user } from 'pipewright';
import { messageLog } from 'pipewright/conversation';
import { tokenCounter } from 'pipewright/model';
import { memoryStore } from 'pipewright/store';
import { describe, expect, it } from 'vitest';
import { bufferMemory, logIdOf, tokenMemory, windowMemory } from './index.js';

const turn = (text: string): readonly Message[] => [user(text), assistant(`Yes, ${text}.`)];
const call = (id: string): readonly Message[] => [
  { role: 'assistant', content: [{ type: 'tool-call', id, name: 'clock', input: {} }] },
  { role: 'tool', content: [{ type: 'tool-result', id, name: 'clock', output: 'Four.' }] },
];
const texts = (messages: readonly Message[]): readonly string[] => messages.map(textOf);

/** Counts the entries that are read in ranges. */
const counting = (): { readonly store: Store; reads: number } => {
  const inner = memoryStore();
  const state = { reads: 0 };
  const store: Store = {
    ...inner,
    range: async function* (range) {
      for await (const entry of inner.range(range)) {
        state.reads++;
        yield entry;
      }
    },
  };
  return Object.assign(state, { store });
};

describe('bufferMemory', () => {
  it('recalls every message as it was said', async () => {
    const memory = bufferMemory();
    const said = [...turn('one'), user('What time is it?'), ...call('a'), assistant('Four.')];
    await memory.add(said.slice(0, 3));
    await memory.add(said.slice(3));
    const recalled = await memory.recall({});
    expect(recalled).toMatchObject({ messages: said, turns: said, notes: [], leftOut: 0 });
  });

  it('leaves out the oldest where a query has less room', async () => {
    const memory = bufferMemory();
    for (const text of ['one', 'two', 'three']) await memory.add(turn(text));
    const { tokens } = await tokenCounter('gpt-5').countRequest({ messages: turn('three') });
    expect(await memory.recall({ maxTokens: tokens })).toMatchObject({ messages: turn('three'), tokens, leftOut: 4 });
  });

  it('Q03 gives a call that an abort left open a result, and drops results of none', async () => {
    const memory = bufferMemory();
    await memory.add([user('What time is it?'), ...call('a').slice(0, 1)]);
    await memory.add([user('Never mind.')]);
    const { messages } = await memory.recall({});
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
  });
});

describe('windowMemory', () => {
  it('recalls whole turns: what the user said and all up to what they said next', async () => {
    const memory = windowMemory({ maxTurns: 2 });
    await memory.add([...turn('one'), user('two'), ...call('a'), assistant('Yes, two.'), ...turn('three')]);
    const { messages, leftOut } = await memory.recall({});
    expect(messages).toEqual([user('two'), ...call('a'), assistant('Yes, two.'), ...turn('three')]);
    expect(leftOut).toBe(2);
    expect((await windowMemory({ maxTurns: 0 }).recall({})).messages).toEqual([]);
  });

  it('reads as much as it returns, however long the conversation is', async () => {
    const counted = counting();
    const log = messageLog({ store: counted.store });
    await log.append('default', Array.from({ length: 2_000 }, (_, at) => turn(`turn ${at}`)).flat());
    counted.reads = 0;
    const { messages, leftOut } = await windowMemory({ log, maxTurns: 3 }).recall({});
    expect([messages.length, leftOut]).toEqual([6, 3_994]);
    expect(counted.reads).toBeLessThanOrEqual(7);
  });

  it('shares a log with whoever else writes it', async () => {
    const log = messageLog();
    const memory = windowMemory({ log });
    const scope = { userId: 'ann', conversationId: 'trip' };
    await memory.add(turn('one'), scope);
    expect(texts((await log.tail(logIdOf(scope))).map(({ message }) => message))).toEqual(texts(turn('one')));
    expect(logIdOf({ conversationId: 'trip' })).toBe('trip');
  });
});

describe('tokenMemory', () => {
  it('recalls the newest messages that fit, from one of the user on, to the token', async () => {
    const memory = tokenMemory();
    const said = ['one', 'two', 'three', 'four'].flatMap(turn);
    await memory.add(said);
    const counter = tokenCounter('gpt-5');
    const whole = (await counter.countRequest({ messages: said })).tokens;
    expect((await memory.recall({ maxTokens: whole })).messages).toEqual(said);
    expect((await memory.recall({ maxTokens: whole - 1 })).messages).toEqual(said.slice(2));
  });

  it('reads no more than it needs', async () => {
    const counted = counting();
    const log = messageLog({ store: counted.store });
    await log.append('default', Array.from({ length: 2_000 }, (_, at) => turn(`turn ${at}`)).flat());
    counted.reads = 0;
    const { messages, tokens } = await tokenMemory({ log, maxTokens: 100 }).recall({});
    expect(tokens).toBeLessThanOrEqual(100);
    expect(messages.length).toBeGreaterThan(4);
    expect(counted.reads).toBeLessThanOrEqual(messages.length + 3);
  });

  it('keeps the question of a turn that is too long for the room', async () => {
    const memory = tokenMemory();
    await memory.add([
      ...turn('one'),
      user('What time is it?'),
      ...Array.from({ length: 30 }, (_, at) => call(`c${at}`)).flat(),
    ]);
    const { messages } = await memory.recall({ maxTokens: 120 });
    expect(messages[0]).toEqual(user('What time is it?'));
    expect(messages.slice(-2)).toEqual(call('c29'));
  });

  it('refuses options that are none', () => {
    expect(() => tokenMemory({ maxTokens: -1 })).toThrow('`maxTokens` must be at least 0');
    expect(() => windowMemory({ maxTurns: Number.NaN })).toThrow('`maxTurns` must be at least 0');
  });
});
